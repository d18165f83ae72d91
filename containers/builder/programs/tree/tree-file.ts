import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, symlink } from 'node:fs/promises';
import { posix } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';

/** What editing a tree as data needs of a program's context. */
export type TreeAccess = Pick<ProgramContext<unknown>, 'resolveInTree'>;

/** A data file of a tree that is larger than this is no file a program edits: it would only fill the memory. */
const largestDataFile = 16 * 1024 * 1024;

/** What stands at a path of the host; symlinks are `other`. */
export async function typeOf(hostPath: string): Promise<'missing' | 'file' | 'folder' | 'other'> {
  try {
    const found = await lstat(hostPath);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'other';
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return 'missing';
    }
    throw error;
  }
}

/**
 * Makes a folder of the tree and its missing parents, 0755 and owned by root, through whatever symlinks stand there
 * as the booted system would follow them. Answers the host path of the folder. Throws StepError where a part of the
 * path is no folder.
 */
export async function makeFolder(access: TreeAccess, path: string): Promise<string> {
  const parts = posix.normalize(path).split('/').filter(Boolean);
  let hostPath = await access.resolveInTree('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const prefix = `/${parts.slice(0, depth).join('/')}`;
    hostPath = await access.resolveInTree(prefix);
    const type = await typeOf(hostPath);
    if (type === 'missing') {
      // A dangling link may lead to a place whose own parents are missing; what is resolved holds no link any more.
      await mkdir(hostPath, { recursive: true, mode: 0o755 });
    } else if (type !== 'folder') {
      throw new StepError('step.failed', `${prefix} in the tree is no folder, so nothing can be put below it`);
    }
  }
  return hostPath;
}

export interface FileAttributes {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Puts a file at a path of the tree, whole or not at all. Its parents are made; a symlink at the path itself is
 * replaced, never followed: the path then holds what was asked for, and a hard link's other names keep their bytes.
 * Throws StepError where a folder is in the way.
 * @param content the bytes, or what writes them to the file, which is empty; where that throws nothing is put there
 */
export async function writeTreeFile(
  access: TreeAccess,
  path: string,
  content: string | Uint8Array | ((file: FileHandle) => Promise<void>),
  attributes: FileAttributes,
): Promise<void> {
  const { hostPath, folder } = await placeFor(access, path);
  const fresh = posix.join(folder, '.lbuild-new');
  await rm(fresh, { force: true, recursive: true });
  const file = await open(
    fresh,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    if (typeof content === 'function') await content(file);
    else await file.writeFile(content);
    // The owner first: changing it clears the set-user-id bits of the mode.
    await file.chown(attributes.uid ?? 0, attributes.gid ?? 0);
    await file.chmod(attributes.mode);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(fresh, hostPath);
}

/**
 * Puts a symlink at a path of the tree, replacing a file or link there. `target` is written as it is. Answers the host
 * path of the link, which is root's.
 */
export async function linkInTree(access: TreeAccess, path: string, target: string): Promise<string> {
  const { hostPath } = await placeFor(access, path);
  await rm(hostPath, { force: true });
  await symlink(target, hostPath);
  return hostPath;
}

async function placeFor(access: TreeAccess, path: string): Promise<{ hostPath: string; folder: string }> {
  const folder = await makeFolder(access, posix.dirname(posix.normalize(path)));
  const hostPath = posix.join(folder, posix.basename(path));
  if ((await typeOf(hostPath)) === 'folder') {
    throw new StepError('step.failed', `${path} in the tree is a folder, so no file can be put there`);
  }
  return { hostPath, folder };
}

/** Text and attributes of a regular file of the tree, or undefined where there is none. Follows symlinks inside the tree. */
export async function readTreeFile(
  access: TreeAccess,
  path: string,
): Promise<{ text: string; bytes: Uint8Array; mode: number; uid: number; gid: number } | undefined> {
  const hostPath = await access.resolveInTree(path);
  if ((await typeOf(hostPath)) !== 'file') return undefined;
  const file = await open(hostPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > largestDataFile) {
      throw new StepError('step.failed', `${path} in the tree is not a file of a sensible size`);
    }
    const bytes = await file.readFile();
    return { text: bytes.toString('utf8'), bytes, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
  } finally {
    await file.close();
  }
}

/** Tells whether a path of the tree leads to something, through symlinks inside the tree. */
export async function existsInTree(access: TreeAccess, path: string): Promise<boolean> {
  return (await typeOf(await access.resolveInTree(path))) !== 'missing';
}

/** Names in a folder of the tree, sorted; none where there is no such folder. */
export async function listTreeFolder(access: TreeAccess, path: string): Promise<string[]> {
  const hostPath = await access.resolveInTree(path);
  if ((await typeOf(hostPath)) !== 'folder') return [];
  return (await readdir(hostPath)).sort();
}
