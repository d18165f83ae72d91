import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
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

/** Unpacks a tar, compressed or not, into a new folder with all that it says of each path, and lists it. */
export async function listTar(archive: string, folder: string): Promise<Map<string, string>> {
  mkdirSync(folder);
  const options = ['--numeric-owner', '--delay-directory-restore', '--xattrs', '--xattrs-include=*'];
  const compression = archive.endsWith('.zst') ? ['--zstd'] : archive.endsWith('.wsl') ? ['--gzip'] : [];
  const unpacked = spawnSync('tar', [...options, ...compression, '-xpf', archive, '-C', folder], { encoding: 'utf8' });
  if (unpacked.status !== 0) throw new Error(`tar does not unpack ${archive}: ${unpacked.stderr.slice(-2_000)}`);
  return listTree(folder);
}

/**
 * In what two listed trees differ, a line of text a path.
 * @param apart paths that only one of them may have
 */
export function treeDifferences(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
  apart: RegExp = /(?!)/,
): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])].sort().flatMap((path) => {
    const [a, b] = [expected.get(path), found.get(path)];
    if (a === b || ((a === undefined || b === undefined) && apart.test(path))) return [];
    return `${path}: ${a ?? 'absent'} | ${b ?? 'absent'}`;
  });
}
