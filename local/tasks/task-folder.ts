import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha256 } from '../../core/digest.ts';

/** Makes the empty folder of a task. */
export async function makeTaskFolder(path: string): Promise<void> {
  for (const part of ['root', 'inputs', 'work', 'outputs'])
    await mkdir(join(path, part), { recursive: true, mode: 0o700 });
}

/**
 * Puts the blobs that a task may read into its folder, as hard links (a copy that shares its blocks where the store is
 * on another file system). The task sees them read-only.
 * @param inputs digest to file of the object store
 */
export async function linkInputs(path: string, inputs: ReadonlyMap<Sha256, string>): Promise<void> {
  for (const [digest, file] of inputs) {
    if (!existsSync(file)) continue;
    const place = join(path, 'inputs', digest);
    await link(file, place).catch(() => copyFile(file, place, constants.COPYFILE_FICLONE));
  }
}

/** Removes a task's folder. Trees in it may hold anything: symlinks are removed, not followed. */
export async function removeTaskFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Removes what tasks of an engine that was killed have left. Their processes and mounts went with the engine. */
export async function removeAllTaskFolders(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await removeTaskFolder(join(directory, name));
}
