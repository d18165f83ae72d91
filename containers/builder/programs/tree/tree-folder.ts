import { chmod, lchown, lstat, mkdir, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { removalRefusal } from '../../../../core/plan/programs/removable-path.ts';
import { StepError } from '../../step-error.ts';
import { makeFolder, type TreeAccess, typeOf } from './tree-file.ts';

/** What stands at a path of the host, in words. */
async function kindOf(hostPath: string): Promise<string> {
  const found = await lstat(hostPath);
  if (found.isSymbolicLink()) return 'a symlink';
  if (found.isFile()) return 'a file';
  return found.isCharacterDevice() || found.isBlockDevice() ? 'a device' : 'no folder';
}

/**
 * Makes a folder of the tree, or sets the mode and owner of one that is there; what is in it stays as it is. Missing
 * parents are made 0755 and owned by root, and symlinks among the parents are followed inside the tree.
 * @throws StepError where something else stands there, a symlink too: what it leads to would get the mode
 */
export async function setFolder(
  access: TreeAccess,
  path: string,
  attributes: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<void> {
  const parent = await makeFolder(access, posix.dirname(path));
  const hostPath = posix.join(parent, posix.basename(path));
  const type = await typeOf(hostPath);
  if (type === 'missing') await mkdir(hostPath, { mode: 0o700 });
  else if (type !== 'folder') {
    throw new StepError(
      'step.failed',
      `${path} in the image is ${await kindOf(hostPath)}, so no folder can be made there`,
    );
  }
  // The owner first: changing it may clear bits of the mode.
  await lchown(hostPath, attributes.uid, attributes.gid);
  await chmod(hostPath, attributes.mode);
}

/**
 * Removes a path of the tree: a folder with all that is in it, a symlink itself. Symlinks among the parents are
 * followed inside the tree; where the path then really is decides whether it may go.
 * @returns false where nothing is there
 * @throws StepError where an image cannot be without it
 */
export async function removeInTree(access: TreeAccess, path: string): Promise<boolean> {
  const root = await access.resolveInTree('/');
  const parent = await access.resolveInTree(posix.dirname(path));
  const hostPath = posix.join(parent, posix.basename(path));
  if ((await typeOf(hostPath)) === 'missing') return false;
  const real = `/${posix.relative(root, hostPath)}`;
  const reason = removalRefusal(real);
  if (reason !== undefined) {
    throw new StepError('step.failed', `${path} in the image is ${real}, which cannot be removed: ${reason}`);
  }
  // Names of any bytes: fs.rm reads folders as bytes.
  await rm(hostPath, { recursive: true });
  return true;
}
