import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileTime } from './walk.ts';

/**
 * The time of the file system that a folder is on, which is what ctimes are written with: no other clock can be
 * compared with them.
 */
export function fileSystemTime(folder: string): FileTime {
  const stamp = join(folder, '.stamp');
  writeFileSync(stamp, '');
  const { ctimeNs } = lstatSync(stamp, { bigint: true });
  rmSync(stamp);
  return { seconds: Number(ctimeNs / 1_000_000_000n), nanoseconds: Number(ctimeNs % 1_000_000_000n) };
}
