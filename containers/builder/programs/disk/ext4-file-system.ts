import { open, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { existsInTree } from '../tree/tree-file.ts';
import type { PlacedPartition } from './disk-layout.ts';
import { inodesInUse } from './inodes-in-use.ts';
import { pageBytes, swapHeader } from './swap-area.ts';
import { blockBytes, inodeBytes, type TreeUsage } from './tree-usage.ts';

type Context = ProgramContext<unknown>;

/** One inode for so many bytes, mke2fs's own default for disks of this size; more where the tree has many small files. */
const bytesPerInode = 16_384;
/** The first inode that is no reserved one (ext4's s_first_ino). */
const firstInode = 11;

/** A file that the image has and the tree has not, or not so. Its missing folders are made. */
export interface AddedFile {
  readonly path: string;
  readonly text: string;
  /** Permission bits; 644 where absent. */
  readonly mode?: number;
}

/** What the root folder of a file system is: that of its mount point. */
export interface FolderAttributes {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

export interface Ext4Options {
  readonly disk: string;
  readonly partition: PlacedPartition;
  /** The folder of the host whose contents it gets. */
  readonly source: string;
  /** Where it is mounted, without a slash at its end: empty for the root. */
  readonly mountPoint: string;
  readonly uuid: string;
  /** Seed of its directory hashes. */
  readonly hashSeed: string;
  readonly label?: string;
  readonly usage: TreeUsage;
  readonly files: readonly AddedFile[];
  /** Folders that the image has in any case, by their paths in the image. */
  readonly folders: readonly string[];
  /** Root's, of mode 755 and the time of the image, where absent. */
  readonly rootFolder?: FolderAttributes;
  readonly swapFile?: { readonly path: string; readonly uuid: string; readonly bytes: number } | undefined;
}

/**
 * Makes an ext4 file system of a folder at its place on the disk, without a mount: mke2fs copies the folder, debugfs
 * then writes what only the image has, so that the folder stays as it is for the exports after this one. The storage is
 * a fresh sparse file, so nothing is zeroed. Equal folders give equal bytes: ids and hash seed are given, mke2fs takes
 * files by name and no time after SOURCE_DATE_EPOCH; access times, which tell when a builder read a file, are set to it.
 * @throws StepError where a file cannot be put into it
 */
export async function makeExt4FileSystem(context: Context, options: Ext4Options): Promise<void> {
  const { disk, partition, uuid, hashSeed, label, source, usage, rootFolder } = options;
  const env = environmentOf(context);
  const inodes = Math.max(Math.ceil(partition.bytes / bytesPerInode), Math.ceil(usage.inodes * 1.25) + 1_024);
  const extended = [
    `offset=${partition.offset}`,
    `hash_seed=${hashSeed}`,
    ...['nodiscard', 'assume_storage_prezeroed=1', `root_owner=${rootFolder?.uid ?? 0}:${rootFolder?.gid ?? 0}`],
  ].join(',');
  await context.exec(
    [
      ...(['mke2fs', '-q', '-F', '-t', 'ext4', '-b', String(blockBytes), '-I', String(inodeBytes)] as const),
      ...[
        '-N',
        String(inodes),
        '-U',
        uuid,
        ...(label === undefined ? [] : ['-L', label]),
        '-E',
        extended,
        '-d',
        source,
      ],
      ...[disk, String(partition.bytes / blockBytes)],
    ],
    { env },
  );
  if (options.mountPoint === '') context.progress(80);
  const device = `${disk}?offset=${partition.offset}`;
  const commands = [
    ...(await writeCommands(context, options)),
    ...(await swapCommands(context, options)),
    ...(await accessTimeCommands(context, options)),
    ...rootFolderCommands(context, rootFolder),
  ];
  const script = join(context.scratch, `debugfs-${partition.name}.txt`);
  await writeFile(script, `${commands.join('\n')}\n`);
  await context.exec(['debugfs', '-w', '-f', script, device], { env, quiet: true });
  await needWritten(context, device, options.files);
}

/**
 * debugfs commands that make the folders and write the files, in place of what the tree has there. debugfs follows no
 * symlink, so paths are resolved as the booted system would.
 */
async function writeCommands(context: Context, options: Ext4Options): Promise<string[]> {
  const commands: string[] = [];
  const made = new Set<string>();
  const makeFolder = async (path: string): Promise<string> => {
    const folder = await pathInImage(context, path);
    const parts = folder.split('/').filter(Boolean);
    for (const [depth] of parts.entries()) {
      const prefix = `/${parts.slice(0, depth + 1).join('/')}`;
      if (made.has(prefix) || (await existsInTree(context, prefix))) continue;
      made.add(prefix);
      // What is above the mount point is in another file system.
      const inside = prefix.startsWith(`${options.mountPoint}/`) ? prefix.slice(options.mountPoint.length) : undefined;
      if (inside !== undefined) commands.push(`mkdir ${inside}`);
    }
    return folder;
  };
  for (const folder of options.folders) await makeFolder(folder);
  for (const [number, { path, text, mode = 0o644 }] of options.files.entries()) {
    const source = join(context.scratch, `added-${number}`);
    // debugfs takes the mode from it.
    await writeFile(source, text, { mode });
    const folder = await makeFolder(posix.dirname(path));
    const name = posix.basename(path);
    commands.push(`cd ${folder}`);
    if (await existsInTree(context, path)) commands.push(`rm ${name}`);
    commands.push(`write ${source} ${name}`, 'cd /');
  }
  return commands;
}

/**
 * A path in the image without symlinks. debugfs reads commands by lines and words, and a symlink of the tree may hold
 * anything, so that its target must be of plain characters.
 */
async function pathInImage(context: Context, path: string): Promise<string> {
  const resolved = (await context.resolveInTree(path)).slice(context.tree.length);
  if (!/^(\/[A-Za-z0-9_.+-]+)+$/.test(resolved)) {
    throw new StepError(
      'step.failed',
      `${path} in the tree leads to ${JSON.stringify(resolved)}, where nothing can be written; make it a folder.`,
    );
  }
  return resolved;
}

/** debugfs commands that set the access time of every inode in use. */
async function accessTimeCommands(context: Context, options: Ext4Options): Promise<string[]> {
  const disk = await open(options.disk, 'r');
  try {
    const inodes = await inodesInUse(disk, options.partition.offset, firstInode);
    return inodes.map((inode) => `sif <${inode}> atime @${context.sourceDateEpoch}`);
  } finally {
    await disk.close();
  }
}

/**
 * debugfs commands that make a swap file: its first page, and room for the others, which was never written to, so that
 * it is no hole, which the kernel takes no swap file with.
 */
async function swapCommands(context: Context, { swapFile }: Ext4Options): Promise<string[]> {
  if (swapFile === undefined) return [];
  const { path, uuid, bytes } = swapFile;
  if (await existsInTree(context, path)) {
    throw new StepError('step.failed', `${path} is there already; remove it, or give disk.swap the kind partition.`);
  }
  const source = join(context.scratch, 'swap-header');
  await writeFile(source, swapHeader(uuid, bytes), { mode: 0o600 });
  return [
    `write ${source} ${path.slice(1)}`,
    `fallocate ${path} 1 ${bytes / pageBytes - 1}`,
    `set_inode_field ${path} size ${bytes}`,
  ];
}

/** debugfs commands that give the root folder what its mount point has, which mke2fs does not. */
function rootFolderCommands(context: Context, attributes: FolderAttributes | undefined): string[] {
  if (attributes === undefined) return [];
  const folderType = 0o040_000;
  const mtime = Math.min(Math.max(0, Math.floor(attributes.mtime)), context.sourceDateEpoch);
  return [
    `set_inode_field <2> mode 0${(folderType | attributes.mode).toString(8)}`,
    `set_inode_field <2> mtime @${mtime}`,
  ];
}

/** debugfs goes on after a command that failed, so the files are read back. */
async function needWritten(context: Context, device: string, files: readonly AddedFile[]): Promise<void> {
  for (const { path, text } of files) {
    const { stdout } = await context.exec(['debugfs', '-R', `cat ${path}`, device], { quiet: true });
    if (stdout !== text) {
      throw new StepError('step.failed', `${path} cannot be written: something in the tree stands in its way.`);
    }
  }
}

/** e2fsprogs takes its own time from the first, and bounds the files' times by the second; names sort by their bytes. */
function environmentOf(context: Context): Record<string, string> {
  const time = String(context.sourceDateEpoch);
  return { E2FSPROGS_FAKE_TIME: time, SOURCE_DATE_EPOCH: time, TZ: 'UTC', LC_ALL: 'C' };
}
