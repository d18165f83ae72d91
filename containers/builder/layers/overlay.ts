import { mkdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './tool.ts';

/** One step's overlay: the tree shows `lowers` below `upper`. */
export interface Overlay {
  readonly upper: string;
  readonly lowers: readonly string[];
}

/**
 * Mounts a new overlay over `tree` (privileged mode). `index=on` keeps hard links whole when one of their names is
 * changed; folders are not redirected: a renamed one is copied, as in containers.
 *
 * @param lowers folders below, topmost first, none with `:` or `,` in its path
 * @param folder holds this overlay's upper and work folders; on the file system of the lowers
 */
export async function mountOverlay(tree: string, lowers: readonly string[], folder: string): Promise<Overlay> {
  const upper = join(folder, 'upper');
  const work = join(folder, 'work');
  await mkdir(upper, { recursive: true });
  await mkdir(work, { recursive: true });
  // The root of the tree shows the times of its topmost folder: those of the tree as it was.
  const [top = upper] = lowers;
  const { atime, mtime } = await stat(top);
  await utimes(upper, atime, mtime);
  const options = `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work},index=on,redirect_dir=nofollow,metacopy=off`;
  await runTool(['mount', '-t', 'overlay', 'overlay', '-o', options, tree]);
  return { upper, lowers };
}

/** Takes the overlay off the tree; nothing may use it any more. */
export async function unmountOverlay(tree: string): Promise<void> {
  await runTool(['umount', tree]);
}
