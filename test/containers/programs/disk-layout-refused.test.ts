import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withBenchFolder } from '../../support/program-bench.ts';
import { boot, mib, useRaw } from './disk-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const bench = useRaw();

describe('a disk that cannot be divided so', () => {
  const ext4 = (mountPoint: string, sizeMiB = 64) => ({
    partitions: [{ mountPoint, fileSystem: 'ext4', sizeMiB }],
  });
  const vfat = { partitions: [{ mountPoint: '/opt/fw', fileSystem: 'vfat', sizeMiB: 64 }] };

  it.each([
    [
      'a mount point that is a link out of the tree',
      (tree: string, outside: string) => symlinkSync(outside, join(tree, 'data')),
      ext4('/data'),
      'disk.partitions: /data leads to',
    ],
    [
      'a mount point below a link',
      (tree: string) => symlinkSync('srv', join(tree, 'data')),
      ext4('/data/one'),
      '/data/one leads to "/srv/one" in the image; give that as the mount point.',
    ],
    [
      'a mount point that is a file',
      (tree: string) => writeFileSync(join(tree, 'data'), ''),
      ext4('/data'),
      'disk.partitions: /data is no folder in the image; make it one.',
    ],
    [
      'a partition that is too small for what it holds',
      (tree: string) => writeFileSync(join(tree, 'srv/large'), Buffer.alloc(40 * mib)),
      ext4('/srv'),
      'disk.partitions, /srv: sizeMiB is 64, and what the image holds there needs at least 76; give as much, or a share.',
    ],
    [
      'a link that mcopy would follow',
      (tree: string) => symlinkSync('/etc/passwd', join(tree, 'opt/fw/link')),
      vfat,
      '"/opt/fw/link" cannot lie on a partition of vfat: it is neither a file nor a folder; use ext4, or remove it.',
    ],
    [
      'a name that a FAT has no room for',
      (tree: string) => writeFileSync(join(tree, 'opt/fw/a:b'), ''),
      vfat,
      'has a name that FAT has no room for',
    ],
    [
      'names that a FAT holds one of',
      (tree: string) => {
        for (const name of ['Name', 'name']) writeFileSync(join(tree, 'opt/fw', name), '');
      },
      vfat,
      'differs from its neighbour only in upper and lower case',
    ],
    [
      'an owner that a FAT does not know',
      (tree: string) => execFileSync('install', ['-o', '7', '/dev/null', join(tree, 'opt/fw/owned')]),
      vfat,
      'belongs to 7:0, not to root',
    ],
  ])('is refused: %s', (_what, spoil, divided, words) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot, 'opt/fw/config.txt': '', 'srv/kept': '' });
      spoil(folder.tree, folder.outside);
      await expect(bench.make(folder, { layout: divided })).rejects.toThrow(words);
      expect(readdirSync(folder.outside)).toEqual([]);
    }),
  );
});
