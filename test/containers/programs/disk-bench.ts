import { execFileSync } from 'node:child_process';
import { beforeAll } from 'vitest';
import { raw } from '../../../containers/builder/programs/raw.ts';
import { builderRootForTests } from '../../support/builder-parts.ts';
import { ext4At, extractPart, readTable } from '../../support/disk-image.ts';
import { runProgram } from '../../support/program-bench.ts';

export const mib = 1_048_576;
/** The key of the step that makes the disk, of which its ids derive. */
export const diskKey = 'a1'.repeat(32);
/** What a tree needs to be put on a disk. */
export const boot = { 'boot/vmlinuz-6.1.0-9-amd64': 'kernel', 'boot/initrd.img-6.1.0-9-amd64': 'initrd' };
export const usualDisk = {
  fileName: 'edge.img',
  label: 'EDGE',
  cmdline: ['quiet', 'console=ttyS0'],
  hostname: 'edge-01',
};

export interface Folder {
  readonly tree: string;
  readonly scratch: string;
}

/** Makes a disk of a folder's tree, with options of the program `raw` beside the usual ones. */
type MakeRaw = (
  folder: Folder,
  more?: object,
  log?: string[],
) => Promise<{ readonly outcome: Awaited<ReturnType<typeof runProgram>>; readonly file: string }>;

/** The program `raw` for the tests of a file, in the builder root, which is made before them where it is absent. */
export function useRaw(): { readonly builderRoot: string; readonly make: MakeRaw } {
  let builderRoot = '';
  beforeAll(async () => {
    builderRoot = await builderRootForTests();
  }, 240_000);
  return {
    get builderRoot() {
      return builderRoot;
    },
    make: async (folder, more = {}, log = []) => {
      const outcome = await runProgram(
        raw,
        { ...usualDisk, ...more },
        { ...folder, ...{ builderRoot, contained: true, key: diskKey, log: (line) => log.push(line) } },
      );
      const file = outcome.artifact?.file;
      if (file === undefined) throw new Error('there is no artifact');
      return { outcome, file };
    },
  };
}

/** The partitions of a disk, and each by its name, with what is in it. */
export function partitionsOf(file: string) {
  const { partitions } = readTable(file);
  const named = (name: string) => {
    const found = partitions.find((partition) => partition.name === name);
    if (found === undefined) throw new Error(`there is no partition ${name}`);
    const probe = ['-p', '-o', 'export', '-O', String(found.start * 512), '-S', String(found.size * 512), file];
    return {
      ...found,
      ext4: ext4At(file, found.start * 512),
      probe: () => execFileSync('blkid', probe, { encoding: 'utf8' }),
      extract: (place: string) => extractPart(file, found.start * 512, found.size * 512, place),
    };
  };
  return { partitions, named };
}
