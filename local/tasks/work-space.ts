import { readFile } from 'node:fs/promises';

/**
 * What a task is expected to need: a bootstrap with kernel, its layer and an ISO of it took 1.3 GiB, and so does a tree
 * of 1.2 GB that is unpacked and exported.
 */
const expected = 2.5 * 1024 ** 3;
/** A tmpfs is memory: it is used where three times the expected size is there, and never given more than this share. */
const headroom = 3;
const largestShare = 0.7;

/**
 * What a task works on: bytes of a tmpfs (a tree on tmpfs is made in half the time), or `disk` where memory is scarce.
 * @param slots tasks that may run at once
 * @param memory text of /proc/meminfo
 */
export function workSpaceFor(slots: number, memory: string): number | 'disk' {
  const available = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(memory)?.[1] ?? 0) * 1024;
  const share = Math.floor((available * largestShare) / slots);
  return available >= headroom * expected && share >= 2 * expected ? share : 'disk';
}

/** The machine's memory as it is now. */
export async function readMemory(): Promise<string> {
  return readFile('/proc/meminfo', 'utf8');
}
