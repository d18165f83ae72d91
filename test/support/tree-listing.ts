import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bytesToText, pathInside } from '../../containers/builder/layers/path-text.ts';
import { walkTree } from '../../containers/builder/layers/walk.ts';
import { readXattrs } from '../../containers/builder/layers/xattrs.ts';

/** All that an image says of each path of a tree, one line of text a path: what differs can be named. */
export async function listTree(tree: string): Promise<Map<string, string>> {
  const { paths } = await walkTree(tree);
  const xattrs = await readXattrs(
    tree,
    paths.map(({ path }) => path),
  );
  const firstNames = new Map<string, string>();
  const listed = new Map<string, string>();
  for (const found of paths.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const { path, type, mode, uid, gid, size, mtime, inode, links, target, device } = found;
    const first = firstNames.get(inode) ?? path;
    firstNames.set(inode, first);
    const content =
      type === 'file'
        ? `${size} ${createHash('sha256')
            .update(readFileSync(pathInside(tree, path)))
            .digest('hex')} ${links}`
        : '';
    const facts = [type, mode.toString(8), uid, gid, mtime.seconds, content, target ?? '', device?.join(':') ?? ''];
    const linked = type !== 'directory' && first !== path ? ` = ${bytesToText(first)}` : '';
    listed.set(bytesToText(path), `${facts.join(' ')} ${JSON.stringify(xattrs.get(path) ?? {})}${linked}`);
  }
  return listed;
}
