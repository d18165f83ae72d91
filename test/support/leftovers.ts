import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What an engine's tasks could leave behind: processes that know its folder, mounts below it, task folders. */
export interface Leftovers {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Looks at this machine for what belongs to the engine of a folder. Empty lists are the only good answer. While the
 * engine runs it keeps spare tasks, which wait and have run nothing: `besideSpares` leaves them out.
 */
export function leftoversOf(directory: string, options: { besideSpares?: boolean } = {}): Leftovers {
  const tasks = join(directory, 'tasks');
  const folders = existsSync(tasks) ? readdirSync(tasks) : [];
  return {
    processes: processesOf(directory, options.besideSpares === true),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(directory)),
    folders: options.besideSpares === true ? folders.filter((name) => !name.startsWith('spare-')) : folders,
  };
}

/**
 * Command lines of processes that name the folder, whose mounts come from it, or that share a process namespace with
 * one of these: a script in its chroot sees no mount of its task, but is in its agent's namespace.
 */
function processesOf(directory: string, besideSpares: boolean): string[] {
  const seen = readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
        if (besideSpares && mounts.includes(`${directory}/tasks/spare-`)) return [];
        const mounted = mounts.includes(`${directory}/tasks`);
        const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
        return [{ pid, command, namespace, own: command.includes(directory) || mounted }];
      } catch (error) {
        if (!isGone(error)) throw error;
        return [];
      }
    });
  const ours = readlinkSync('/proc/self/ns/pid');
  const namespaces = new Set(seen.filter((one) => one.own && one.namespace !== ours).map((one) => one.namespace));
  return seen.filter((one) => one.own || namespaces.has(one.namespace)).map((one) => `${one.pid} ${one.command}`);
}

/** Errors of reading below /proc/PID: the process ended while it was looked at, or is none of ours (EACCES). */
export function isGone(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EINVAL', 'EACCES'].includes(String(error.code))
  );
}
