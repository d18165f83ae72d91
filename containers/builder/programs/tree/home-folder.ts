import { chmod, lchown, lstat, readdir, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { StepError } from '../../step-error.ts';
import { existsInTree, linkInTree, makeFolder, readTreeFile, type TreeAccess, writeTreeFile } from './tree-file.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Mode of a new home folder: HOME_MODE of the tree's login.defs, else what its UMASK of 022 leaves. */
async function homeMode(access: TreeAccess): Promise<number> {
  const file = await readTreeFile(access, '/etc/login.defs');
  const found = /^HOME_MODE\s+(0?[0-7]{3})\s*$/m.exec(file?.text ?? '');
  return found?.[1] === undefined ? 0o755 : Number.parseInt(found[1], 8);
}

/** Makes a home folder with the content of /etc/skel. One that exists (say /srv) is left as it is, as useradd does. */
export async function makeHome(access: TreeAccess, home: string, owner: Owner): Promise<void> {
  if (await existsInTree(access, home)) return;
  const hostPath = await makeFolder(access, home);
  await copySkeleton(access, '/etc/skel', home, owner);
  await lchown(hostPath, owner.uid, owner.gid);
  await chmod(hostPath, await homeMode(access));
}

async function copySkeleton(access: TreeAccess, from: string, to: string, owner: Owner): Promise<void> {
  const hostFolder = await access.resolveInTree(from);
  const entries = await readdir(hostFolder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const source = posix.join(from, entry.name);
    const target = posix.join(to, entry.name);
    if (entry.isDirectory()) {
      const { mode } = await lstat(posix.join(hostFolder, entry.name));
      const made = await makeFolder(access, target);
      await copySkeleton(access, source, target, owner);
      await lchown(made, owner.uid, owner.gid);
      await chmod(made, mode & 0o7777);
    } else if (entry.isSymbolicLink()) {
      const link = await linkInTree(access, target, await readlink(posix.join(hostFolder, entry.name)));
      await lchown(link, owner.uid, owner.gid);
    } else {
      const file = await readTreeFile(access, source);
      if (file !== undefined) await writeTreeFile(access, target, file.bytes, { mode: file.mode, ...owner });
    }
  }
}

/** Writes ~/.ssh/authorized_keys as sshd's StrictModes wants it: folder 0700, file 0600, both the user's own. */
export async function writeAuthorizedKeys(
  access: TreeAccess,
  home: string,
  keys: readonly string[],
  owner: Owner,
): Promise<void> {
  for (const key of keys) {
    if (/[\r\n]/.test(key)) throw new StepError('step.failed', 'users.sshKeys: a key is one line');
  }
  const folder = await makeFolder(access, posix.join(home, '.ssh'));
  await lchown(folder, owner.uid, owner.gid);
  await chmod(folder, 0o700);
  const text = keys.map((key) => `${key}\n`).join('');
  await writeTreeFile(access, posix.join(home, '.ssh/authorized_keys'), text, { mode: 0o600, ...owner });
}
