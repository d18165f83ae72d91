import { lstat, mkdir, readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { typeOf } from '../tree/tree-file.ts';
import type { MountedPartition } from './disk-layout.ts';
import type { FolderAttributes } from './ext4-file-system.ts';
import type { FileSystemUsage } from './partition-sizes.ts';
import { treeUsage } from './tree-usage.ts';

type Context = ProgramContext<unknown>;

/** A mount point as the tree has it. */
export interface MountPoint {
  readonly path: string;
  /** Of the folder in the tree; undefined where there is none. */
  readonly attributes: FolderAttributes | undefined;
}

/**
 * Looks at the mount points of a tree.
 * @throws StepError where one is no folder, or is reached through a symlink: what is behind would lie elsewhere
 */
export async function mountPointsOf(
  context: Context,
  partitions: readonly MountedPartition[],
): Promise<readonly MountPoint[]> {
  const points: MountPoint[] = [];
  for (const { mountPoint: path } of partitions) {
    const place = join(context.tree, path);
    const resolved = await context.resolveInTree(path);
    if (resolved !== place) {
      const leads = JSON.stringify(resolved.slice(context.tree.length, context.tree.length + 300));
      throw new StepError(
        'step.failed',
        `disk.partitions: ${path} leads to ${leads} in the image; give that as the mount point.`,
      );
    }
    const type = await typeOf(place);
    if (type !== 'folder' && type !== 'missing') {
      throw new StepError('step.failed', `disk.partitions: ${path} is no folder in the image; make it one.`);
    }
    points.push({ path, attributes: type === 'folder' ? await attributesOf(place) : undefined });
  }
  return points;
}

async function attributesOf(folder: string): Promise<FolderAttributes> {
  const { mode, uid, gid, mtimeMs } = await lstat(folder);
  return { mode: mode & 0o7777, uid, gid, mtime: mtimeMs / 1_000 };
}

/** What lies in the root file system and in each other one. */
export async function fileSystemUsage(context: Context, points: readonly MountPoint[]): Promise<FileSystemUsage> {
  const { tree } = context;
  const emptied = new Set(points.map(({ path }) => join(tree, path)));
  const partitions = [];
  for (const { path, attributes } of points) {
    const place = join(tree, path);
    const others = new Set([...emptied].filter((one) => one !== place));
    partitions.push(attributes === undefined ? { inodes: 1, bytes: 0 } : await treeUsage(place, others));
  }
  return { root: await treeUsage(tree, emptied), partitions };
}

/** The contents of a tree by file systems. Those of a partition are there until it is emptied. */
export interface DividedTree {
  /** The folder whose contents a partition gets. */
  contentsOf(point: MountPoint): Promise<string>;
  /** Takes away what lies on a partition, so that what it is mounted over does not hold it too. */
  empty(point: MountPoint): Promise<void>;
  /** The folder whose contents the root gets, when all is emptied. */
  readonly root: string;
}

/**
 * A tree that can be divided: the tree itself where nothing lies at the mount points, which no program may change; else
 * a copy of it with all attributes, holes and hard links.
 */
export async function dividedTree(context: Context, points: readonly MountPoint[]): Promise<DividedTree> {
  const { scratch, tree } = context;
  const filled = new Set<string>();
  for (const { path, attributes } of points) {
    if (attributes !== undefined && (await readdir(join(tree, path))).length > 0) filled.add(path);
  }
  const root = filled.size === 0 ? tree : join(scratch, 'divided');
  if (filled.size > 0) {
    await mkdir(root);
    await context.exec(['cp', '--archive', '--reflink=auto', '--no-target-directory', '--', tree, root]);
  }
  return {
    root,
    contentsOf: async ({ path, attributes }) => {
      if (attributes !== undefined) return join(root, path);
      const none = join(scratch, 'empty');
      await mkdir(none, { recursive: true });
      return none;
    },
    empty: async ({ path, attributes }) => {
      if (attributes === undefined || !filled.has(path)) return;
      const folder = join(root, path);
      for (const name of await readdir(folder, { encoding: 'buffer' })) {
        await rm(Buffer.concat([Buffer.from(`${folder}/`), name]), { recursive: true });
      }
      await utimes(folder, context.sourceDateEpoch, attributes.mtime);
    },
  };
}
