import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { fatEnvironment } from '../boot/efi-loader.ts';
import type { PlacedPartition } from './disk-layout.ts';
import { sectorBytes } from './partition-table.ts';

type Context = ProgramContext<unknown>;

/** Bytes of the largest file of a FAT, whose directory entries have 32 bits for a size. */
const largestFile = 2 ** 32 - 1;
/** Files of one call of mcopy: far from what the kernel takes of arguments. */
const filesAtOnce = 200;

/** Sectors of a cluster by the bytes of the largest volume that has them (Microsoft, table of default sizes of FAT32). */
const clusters: readonly { readonly upTo: number; readonly sectors: number }[] = [
  { upTo: 260 * 2 ** 20, sectors: 1 },
  { upTo: 8 * 2 ** 30, sectors: 8 },
  { upTo: 16 * 2 ** 30, sectors: 16 },
  { upTo: 32 * 2 ** 30, sectors: 32 },
];

/**
 * Makes an empty FAT32 at its place on a disk.
 * @param serial eight hex digits
 * @returns its name for mtools
 */
export async function formatFat(
  context: Context,
  disk: string,
  partition: PlacedPartition,
  serial: string,
): Promise<string> {
  const image = `${disk}@@${partition.offset}`;
  const { bytes, firstSector } = partition;
  const cluster = clusters.find(({ upTo }) => bytes <= upTo)?.sectors ?? 64;
  await context.exec(
    [
      ...(['mformat', '-i', image, '-F', '-c', String(cluster), '-T', String(bytes / sectorBytes)] as const),
      ...['-h', '64', '-s', '32', '-H', String(firstSector), '-N', serial, '::'],
    ],
    { env: fatEnvironment(context.sourceDateEpoch) },
  );
  return image;
}

/**
 * Puts the contents of a folder into a FAT, by name, so that equal folders give equal bytes. It takes only what a FAT can
 * hold and give back: mcopy would follow a link of a hostile tree to the builder's own files.
 * @param image as `formatFat` answered
 * @param source folder of the host
 * @param mountPoint where it is mounted, for refusals
 * @throws StepError naming what a FAT cannot hold
 */
export async function fillFat(context: Context, image: string, source: string, mountPoint: string): Promise<void> {
  const env = fatEnvironment(context.sourceDateEpoch);
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const files: string[] = [];
    const seen = new Set<string>();
    for (const name of (await readdir(join(source, folder))).sort()) {
      const path = `${folder}/${name}`;
      const kind = await kindOnFat(join(source, path), name, `${mountPoint}${path}`);
      if (seen.has(name.toLowerCase())) {
        throw refusal(`${mountPoint}${path}`, 'differs from its neighbour only in upper and lower case');
      }
      seen.add(name.toLowerCase());
      if (kind === 'file') files.push(join(source, path));
      else {
        folders.push(path);
        await context.exec(['mmd', '-i', image, `::${path}`], { env });
      }
    }
    for (let at = 0; at < files.length; at += filesAtOnce) {
      const some = files.slice(at, at + filesAtOnce);
      await context.exec(['mcopy', '-m', '-i', image, ...some, `::${folder}/`], { env });
    }
  }
}

async function kindOnFat(hostPath: string, name: string, path: string): Promise<'file' | 'folder'> {
  const stat = await lstat(hostPath);
  if (!stat.isFile() && !stat.isDirectory()) throw refusal(path, 'is neither a file nor a folder');
  if (!/^[A-Za-z0-9_+=@~,()#%{} .-]+$/.test(name) || /[ .]$/.test(name) || name.length > 255) {
    throw refusal(path, 'has a name that FAT has no room for');
  }
  if (stat.uid !== 0 || stat.gid !== 0) throw refusal(path, `belongs to ${stat.uid}:${stat.gid}, not to root`);
  if (stat.size > largestFile) throw refusal(path, 'is larger than 4 GiB');
  return stat.isFile() ? 'file' : 'folder';
}

function refusal(path: string, why: string): StepError {
  const shown = JSON.stringify(path.slice(0, 300));
  return new StepError('step.failed', `${shown} cannot lie on a partition of vfat: it ${why}; use ext4, or remove it.`);
}
