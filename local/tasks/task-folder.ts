import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha256 } from '../../core/digest.ts';

export interface TaskFolder {
  readonly path: string;
  /** Bytes of the inputs that were put there. */
  readonly inputBytes: number;
}

/**
 * Makes a task's folder, with the blobs it may read as hard links (a copy that shares its blocks where the store is on
 * another file system). The task sees them read-only.
 * @param inputs digest to file of the object store
 */
export async function makeTaskFolder(path: string, inputs: ReadonlyMap<Sha256, string>): Promise<TaskFolder> {
  for (const part of ['root', 'inputs', 'work']) await mkdir(join(path, part), { recursive: true, mode: 0o700 });
  let inputBytes = 0;
  for (const [digest, file] of inputs) {
    if (!existsSync(file)) continue;
    const place = join(path, 'inputs', digest);
    await link(file, place).catch(() => copyFile(file, place, constants.COPYFILE_FICLONE));
    inputBytes += (await stat(place)).size;
  }
  return { path, inputBytes };
}

/** Removes a task's folder. Trees in it may hold anything: symlinks are removed, not followed. */
export async function removeTaskFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Removes what tasks of an engine that was killed have left. Their processes and mounts went with the engine. */
export async function removeAllTaskFolders(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await removeTaskFolder(join(directory, name));
}
