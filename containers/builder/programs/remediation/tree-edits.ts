import { lstat, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { linkInTree, readTreeFile, type TreeAccess, writeTreeFile } from '../tree/tree-file.ts';

/** Writes a file of root’s where it has not this text and mode already. @returns its path where it was written */
export async function keepFile(access: TreeAccess, path: string, text: string, mode: number): Promise<string[]> {
  const present = await readTreeFile(access, path);
  if (present?.text === text && present.mode === mode && present.uid === 0 && present.gid === 0) return [];
  await writeTreeFile(access, path, text, { mode });
  return [path];
}

/** Makes a symlink where there is none of this target. @returns its path where it was made */
export async function keepLink(access: TreeAccess, path: string, target: string): Promise<string[]> {
  const place = posix.join(await access.resolveInTree(posix.dirname(path)), posix.basename(path));
  const found = await lstat(place).catch(() => undefined);
  if (found?.isSymbolicLink() === true && (await readlink(place)) === target) return [];
  await linkInTree(access, path, target);
  return [path];
}

/** Changes the text of a file that is there; mode and owner stay. @returns its path where it was changed */
export async function editFile(access: TreeAccess, path: string, edit: (text: string) => string): Promise<string[]> {
  const present = await readTreeFile(access, path);
  if (present === undefined) return [];
  const text = edit(present.text);
  if (text === present.text) return [];
  const { mode, uid, gid } = present;
  await writeTreeFile(access, path, text, { mode, uid, gid });
  return [path];
}

/**
 * A service’s file of PAM with a line by which only members of a group come further, unless one is there: after what
 * lets root through, before what the others are asked.
 */
export function withGroupLine(text: string, line: string): string {
  const lines = text.split('\n');
  if (lines.some((one) => /^\s*auth\s+requi(?:red|site)\s+pam_wheel\.so\b(?!.*\b(?:trust|deny)\b)/.test(one)))
    return text;
  const root = lines.findIndex((one) => /^\s*auth\s+sufficient\s+pam_rootok\.so\b/.test(one));
  return lines.toSpliced(root + 1, 0, line).join('\n');
}
