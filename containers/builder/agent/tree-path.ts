import { lstat, readlink } from 'node:fs/promises';

/** As many as Linux follows in one path (MAXSYMLINKS). */
const mostLinks = 40;

/**
 * Follows every symlink as if `tree` were `/`, `..` included, so that the answer lies inside the tree. Parts that do
 * not exist are taken as they are.
 * @throws Error ELOOP where the symlinks go in a circle
 */
export async function resolveInTree(tree: string, path: string): Promise<string> {
  const left = path.split('/').reverse();
  const resolved: string[] = [];
  let links = 0;
  while (left.length > 0) {
    const part = left.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const place = [tree, ...resolved, part].join('/');
    const stat = await lstat(place).catch(() => undefined);
    if (!stat?.isSymbolicLink()) {
      resolved.push(part);
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new Error(`ELOOP: too many symlinks in ${path}`);
    const target = await readlink(place);
    if (target.startsWith('/')) resolved.length = 0;
    left.push(...target.split('/').reverse());
  }
  return [tree, ...resolved].join('/');
}
