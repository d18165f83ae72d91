import { readFile } from 'node:fs/promises';

/** Milliseconds of a tick in which Linux tells times to programs (USER_HZ, 100 a second on all that Node runs on). */
const tickMilliseconds = 10;

/** Where these stand in what proc(5) tells of a task, counted from behind its name: utime and stime. */
const [userField, systemField] = [11, 12];

/**
 * Processor time that the main thread of a process has used, in milliseconds; undefined where nobody tells: the process is
 * gone, or the system is no Linux.
 */
export async function processorTime(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8').catch(() => undefined);
  // A name may hold anything, brackets too: the last one closes it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields?.[userField]) + Number(fields?.[systemField]);
  return Number.isFinite(ticks) ? ticks * tickMilliseconds : undefined;
}
