import { execFileSync } from 'node:child_process';
import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskSize } from '../../../containers/builder/programs/disk/disk-layout.ts';
import { partitionSizes } from '../../../containers/builder/programs/disk/partition-sizes.ts';
import { treeUsage } from '../../../containers/builder/programs/disk/tree-usage.ts';
import { withBenchFolder } from '../../support/program-bench.ts';
import { mib } from './disk-bench.ts';
import { plant } from './small-tree.ts';

describe('the size of a disk', () => {
  const usage = (megabytes: number) => ({ inodes: 20_000, bytes: megabytes * mib });

  it.each([
    ['the smallest', 10, undefined, 512],
    ['what is needed and a quarter, rounded up to 64', 640, undefined, 960],
    ['the one asked for', 640, 2_000, 2_000],
    ['the least that fits', 640, 791, 791],
  ])('is %s', (_, megabytes, sizeMiB, expected) => {
    expect(diskSize(usage(megabytes), { type: 'raw', sizeMiB, architecture: 'amd64' })).toBe(expected);
  });

  it('is never more than the largest, whatever the tree holds', () => {
    const sizeOf = (megabytes: number, sizeMiB?: number) =>
      diskSize(usage(megabytes), { type: 'ova', sizeMiB, architecture: 'amd64' });
    expect(sizeOf(42_000)).toBe(51_200);
    expect(sizeOf(47_000)).toBe(51_200);
    // A hole of a petabyte takes no room in a layer.
    for (const megabytes of [48_000, 2 ** 30]) {
      for (const sizeMiB of [undefined, 51_200]) {
        expect(() => sizeOf(megabytes, sizeMiB)).toThrow(
          /^outputs, type ova: the image needs a disk of \d+ MiB, and the largest has 51200;/,
        );
      }
    }
  });

  it('refuses one that is too small, and names the least', () => {
    expect(() => diskSize(usage(640), { type: 'raw', sizeMiB: 790, architecture: 'amd64' })).toThrow(
      'outputs, type raw: sizeMiB is 790, and the image needs at least 791; give as much, or leave it out.',
    );
  });

  it('counts hard links once, and holes as if they were full', () =>
    withBenchFolder(async ({ tree }) => {
      await plant(tree, { one: 'x', 'folder/two': 'y'.repeat(4_097) });
      linkSync(join(tree, 'one'), join(tree, 'linked'));
      execFileSync('truncate', ['-s', '1M', join(tree, 'holes')]);
      symlinkSync('x'.repeat(60), join(tree, 'long'));
      symlinkSync('x'.repeat(59), join(tree, 'short'));
      const blocks = 2 + 1 + 2 + 256 + 1;
      expect(await treeUsage(tree)).toEqual({ inodes: 7, bytes: blocks * 4_096 + 7 * 256 });
    }));
});

describe('the sizes of the parts', () => {
  const usage = (root: number, ...others: number[]) => ({
    root: { inodes: 20_000, bytes: root * mib },
    partitions: others.map((size) => ({ inodes: 100, bytes: size * mib })),
  });
  const amd64 = { type: 'raw', architecture: 'amd64' } as const;
  const own = 2 + 1 + 64;

  it('are what is needed and a quarter, rounded up to 64, where nobody gave any', () => {
    expect(partitionSizes({}, usage(640), amd64)).toEqual({
      ...{ diskMiB: 960, efiMiB: 64, swapMiB: 0, partitionsMiB: [], rootMiB: 960 - own },
    });
  });

  it('are shares of what parts with a size leave', () => {
    const partitions = [
      { mountPoint: '/home', fileSystem: 'ext4' as const, share: 25 },
      { mountPoint: '/var', fileSystem: 'ext4' as const, sizeMiB: 400 },
    ];
    const layout = { partitions, swap: { sizeMiB: 100, kind: 'partition' as const } };
    const sizes = partitionSizes(layout, usage(640, 10, 100), { ...amd64, sizeMiB: 2_567 });
    expect(sizes).toEqual({ diskMiB: 2_567, efiMiB: 64, swapMiB: 100, partitionsMiB: [500, 400], rootMiB: 1_500 });
    // Where /home holds much, the disk grows until its quarter is enough.
    const { diskMiB, partitionsMiB } = partitionSizes(layout, usage(640, 1_000, 100), amd64);
    expect(diskMiB % 64).toBe(0);
    expect(partitionsMiB[0]).toBeGreaterThanOrEqual(1_282);
  });

  it('are those given, and then the disk is no larger', () => {
    const layout = { root: { fileSystem: 'ext4' as const, sizeMiB: 1_000 }, efi: { sizeMiB: 100 } };
    expect(partitionSizes(layout, usage(640), amd64)).toMatchObject({ diskMiB: 1_103, rootMiB: 1_000, efiMiB: 100 });
    expect(partitionSizes(layout, usage(640), { ...amd64, sizeMiB: 3_000 })).toMatchObject({ rootMiB: 1_000 });
  });

  it.each([
    [
      'a root that is too small',
      { root: { fileSystem: 'ext4' as const, sizeMiB: 700 } },
      undefined,
      'disk.root: sizeMiB is 700, and what the image holds there needs at least 724; give as much, or a share.',
    ],
    [
      'a root without room for its swap file',
      { root: { fileSystem: 'ext4' as const, sizeMiB: 800 }, swap: { sizeMiB: 100, kind: 'file' as const } },
      undefined,
      'disk.root: sizeMiB is 800, and what the image holds there needs at least 824',
    ],
    [
      'a disk that is too small',
      { swap: { sizeMiB: 100, kind: 'partition' as const } },
      890,
      'outputs, type raw: sizeMiB is 890, and the image with its partitions needs at least 891; give as much, leave it out, or give smaller partitions.',
    ],
    [
      'a share that no disk is large enough for',
      { partitions: [{ mountPoint: '/var', fileSystem: 'ext4' as const, share: 1 }] },
      undefined,
      /needs a disk of \d+ MiB, and the largest has 51200/,
    ],
  ])('are refused: %s', (_what, layout, sizeMiB, words) => {
    expect(() => partitionSizes(layout, usage(640, 1_000), { ...amd64, sizeMiB })).toThrow(words);
  });
});
