import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import type { ChangeOf } from '../../../../core/plan/programs/remediate.ts';
import { readAccountTable } from '../tree/account-table.ts';
import type { TreeAccess } from '../tree/tree-file.ts';

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Takes from a path of the tree, links followed, what it may not have. @returns what was changed */
export async function limitMode(access: TreeAccess, { path, mode: most, groups }: ChangeOf<'mode'>): Promise<string[]> {
  const place = await access.resolveInTree(path);
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined || found.isSymbolicLink()) return [];
  const mode = found.mode & 0o7777;
  const changed: string[] = [];
  if (groups !== undefined) {
    const names = (await readAccountTable(access, '/etc/group'))?.rows ?? [];
    const name = names.find(([, , gid]) => Number(gid) === found.gid)?.[0] ?? '';
    const gid = found.gid === 0 || groups.includes(name) ? found.gid : 0;
    if (found.uid !== 0 || gid !== found.gid) {
      await lchown(place, 0, gid);
      changed.push(`${path}: owner ${found.uid}:${found.gid} is 0:${gid} now`);
    }
  }
  const wanted = mode & most;
  // A change of the owner may have cleared bits.
  if (wanted !== mode || changed.length > 0) await chmod(place, wanted);
  if (wanted !== mode) changed.push(`${path}: mode ${octal(mode)} is ${octal(wanted)} now`);
  return changed;
}

/**
 * Takes the right to write from others, in the whole tree: of files, pipes, and folders without the sticky bit. Links are
 * not followed, and what is mounted in the tree is left out.
 * @returns what was changed
 */
export async function closeToOthers(tree: string): Promise<string[]> {
  const changed: string[] = [];
  const root = await lstat(tree);
  // Names are bytes.
  const folders: Buffer[] = [Buffer.from(tree)];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await readdir(folder, { encoding: 'buffer' })) {
      const place = Buffer.concat([folder, Buffer.from('/'), name]);
      const found = await lstat(place);
      const isFolder = found.isDirectory();
      if (isFolder && found.dev !== root.dev) continue;
      if (isFolder) folders.push(place);
      if (!isFolder && !found.isFile() && !found.isFIFO()) continue;
      const mode = found.mode & 0o7777;
      if ((mode & 0o002) === 0 || (isFolder && (mode & 0o1000) !== 0)) continue;
      await chmod(place, mode & ~0o002);
      const path = place.subarray(Buffer.byteLength(tree)).toString('utf8');
      changed.push(`${path}: mode ${octal(mode)} is ${octal(mode & ~0o002)} now`);
    }
  }
  return changed;
}
