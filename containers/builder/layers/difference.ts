import { lutimesSync, unlinkSync } from 'node:fs';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { StepError } from '../step-error.ts';
import { digestOfFile } from './file-digest.ts';
import { hiddenWrites } from './hidden-writes.ts';
import { type BytePath, bytesToText, compareBytes, parentOf, pathInside } from './path-text.ts';
import { deviceAllowed, sameEntry, type TreeIndex } from './tree-index.ts';
import { type FileTime, notBefore, type WalkedPath, walkPaths, walkTree } from './walk.ts';
import { readXattrs } from './xattrs.ts';

export interface DifferenceOptions {
  readonly tree: string;
  /** What the tree held before the step. */
  readonly before: TreeIndex;
  /** Contained mode: the file system's time when the step began. What changed since has a ctime not before it. */
  readonly since?: FileTime;
  /** With `since`: compare every file's content, since this file system does not show every write in the times. */
  readonly readAll?: boolean;
  /** Privileged mode: the upper folder of the step's overlay. What changed is in it. */
  readonly upper?: string;
  /** Paths of `before` that a sparse tree leaves out: they are as they were unless another stands in their place. */
  readonly absent?: ReadonlySet<BytePath>;
  /** The only paths that the step can have changed: single ones, and roots with all that is below them. */
  readonly within?: { readonly single: ReadonlySet<BytePath>; readonly roots: readonly BytePath[] };
  /** Paths, relative to the root, that the step may change: itself and what is below. All else stays as it was. */
  readonly writes?: readonly string[];
  readonly sourceDateEpoch: number;
  /** Bytes that the files of the tree may hold together. */
  readonly treeBytes: number;
}

export interface Difference {
  /** The layer's entries, sorted by path in bytes. New files have no digest yet: the writer computes it. */
  readonly entries: LayerEntry[];
  /** Paths of the tree after the step; a path of `entries` is still to be set to what was written. */
  readonly after: TreeIndex;
}

/** Sets times in the tree to what its layer will say, so that the next step and a restored tree see the same. */
function clampTime(tree: string, walked: WalkedPath, sourceDateEpoch: number): number {
  const mtime = Math.max(0, Math.min(walked.mtime.seconds, sourceDateEpoch));
  if (mtime !== walked.mtime.seconds || walked.mtime.nanoseconds !== 0) {
    lutimesSync(pathInside(tree, walked.path), mtime, mtime);
  }
  return mtime;
}

/** Sockets are in no tar: they go from the tree too, so that it stays what its layers say. */
async function walkWithoutSockets(tree: string): Promise<WalkedPath[]> {
  const { paths, sockets } = await walkTree(tree);
  if (sockets.length === 0) return paths;
  for (const path of sockets) unlinkSync(pathInside(tree, path));
  return (await walkTree(tree)).paths;
}

/** @throws StepError where a path cannot be in a layer */
function checkPath(walked: WalkedPath, text: string): void {
  const name = walked.path.slice(parentOf(walked.path).length).replace(/^\//, '');
  if (name.startsWith('.wh.')) {
    throw new StepError('step.failed', `${text}: names that begin with .wh. mean deletions in a layer; rename it`);
  }
  if (text.length > 4096) throw new StepError('step.failed', `${text.slice(0, 200)}…: the path is too long`);
}

/** The names of each file that has several, sorted: the first stands for the file, the others are links to it. */
function hardLinkGroups(walked: readonly WalkedPath[]): Map<string, WalkedPath[]> {
  const groups = new Map<string, WalkedPath[]>();
  for (const one of walked) {
    if (one.links < 2 || one.type === 'directory') continue;
    const group = groups.get(one.inode);
    if (group === undefined) groups.set(one.inode, [one]);
    else group.push(one);
  }
  return groups;
}

/** What a change of the inode alone would show; a link's state is told by the first name of its file. */
function differsInState(one: WalkedPath, old: LayerEntry): boolean {
  if (old.type === 'hardlink') return false;
  const state = old.mode !== one.mode || old.uid !== one.uid || old.gid !== one.gid;
  return state || old.mtime !== one.mtime.seconds || (old.type === 'file' && old.size !== one.size);
}

/**
 * The paths that must be read: new ones, those where `seen` has seen a change, those that were a link and are now the
 * file (or the other way round), and with one name of a file all its names: an overlay shows a change under one only.
 */
function touchedPaths(
  walked: readonly WalkedPath[],
  before: TreeIndex,
  groups: ReadonlyMap<string, readonly WalkedPath[]>,
  seen: (one: WalkedPath) => boolean,
): Set<WalkedPath> {
  const touched = new Set<WalkedPath>();
  for (const one of walked) {
    const group = groups.get(one.inode);
    const type = group === undefined || group[0] === one ? one.type : 'hardlink';
    const old = before.get(one.path);
    if (old?.type !== type || seen(one) || differsInState(one, old))
      for (const name of group ?? [one]) touched.add(name);
  }
  return touched;
}

/**
 * What a step changed in its tree, as the entries of a layer. Both modes give candidates in their own way (ctime, or
 * the overlay's upper folder); each candidate is then compared with what was there before, and an identical one is
 * dropped, so that both give the same layer.
 *
 * @throws StepError limit.disk where the tree has grown too large; step.failed where a path cannot be in a layer
 */
export async function takeDifference(options: DifferenceOptions): Promise<Difference> {
  const { tree, before, since, sourceDateEpoch } = options;
  const [walked, upper] = await Promise.all([
    options.within === undefined
      ? walkWithoutSockets(tree)
      : walkPaths(tree, options.within.single, options.within.roots),
    options.upper === undefined ? [] : walkTree(options.upper).then(({ paths }) => paths),
  ]);
  const { writes } = options;
  const mayChange = (path: BytePath) =>
    writes === undefined || writes.some((place) => path === place || path.startsWith(`${place}/`));
  if (writes !== undefined) {
    for (let at = walked.length - 1; at >= 0; at -= 1) {
      const path = walked[at]?.path ?? '';
      if (!mayChange(path) && !before.has(path)) walked.splice(at, 1);
    }
  }
  walked.sort((a, b) => compareBytes(a.path, b.path));
  const groups = hardLinkGroups(walked);
  const inUpper = new Set(upper.map((one) => one.path));
  const seen = ({ path, ctime }: WalkedPath) => (since === undefined ? inUpper.has(path) : notBefore(ctime, since));
  const touched = touchedPaths(walked, before, groups, seen);
  if (options.readAll === true) {
    const rest = walked.filter((one) => one.type === 'file' && !touched.has(one) && mayChange(one.path));
    const wrote = await hiddenWrites(tree, rest, before);
    for (const one of wrote) for (const name of groups.get(one.inode) ?? [one]) touched.add(name);
  }
  const xattrs = await readXattrs(
    tree,
    [...touched].map((one) => one.path),
  );
  const counted = new Set<string>();
  let bytes = 0;
  for (const path of options.absent ?? []) bytes += before.get(path)?.size ?? 0;

  /** The entry of a path as far as it is known without reading the file. */
  const describe = (one: WalkedPath, mtime: number): LayerEntry => {
    const path = bytesToText(one.path);
    checkPath(one, path);
    const attributes = xattrs.get(one.path);
    const { mode, uid, gid } = one;
    const inode = { mode, uid, gid, mtime, ...(attributes === undefined ? {} : { xattrs: attributes }) };
    const first = groups.get(one.inode)?.[0] ?? one;
    // What unpacks images sets all this by each name of a file, and the last one counts.
    if (first !== one) return { path, type: 'hardlink', ...inode, target: bytesToText(first.path) };
    return {
      path,
      type: one.type,
      ...inode,
      ...(one.type === 'file' ? { size: one.size } : {}),
      ...(one.target === undefined ? {} : { target: one.target }),
      ...(one.device === undefined ? {} : { device: one.device }),
    };
  };

  const after: TreeIndex = new Map();
  const changed = new Set<WalkedPath>();
  for (const one of walked) {
    if (one.type === 'file' && !counted.has(one.inode)) {
      if (one.links > 1) counted.add(one.inode);
      bytes += one.size;
    }
    const old = before.get(one.path);
    if (old !== undefined && (!touched.has(one) || !mayChange(one.path))) {
      after.set(one.path, old);
      continue;
    }
    let entry = describe(one, clampTime(tree, one, sourceDateEpoch));
    if (!deviceAllowed(entry)) {
      throw new StepError('step.failed', `${entry.path}: an image may not hold this device node; remove it`);
    }
    if (old !== undefined && entry.type === 'file' && old.type === 'file' && old.size === entry.size) {
      entry = { ...entry, digest: digestOfFile(pathInside(tree, one.path)) };
    }
    if (old === undefined || !sameEntry(old, entry)) changed.add(one);
    after.set(one.path, entry);
  }
  if (bytes > options.treeBytes) {
    throw new StepError('limit.disk', `the tree holds ${bytes} bytes, more than the ${options.treeBytes} it may hold`);
  }
  for (const group of groups.values()) {
    if (group.some((one) => changed.has(one))) for (const one of group) changed.add(one);
  }

  const layer: { path: BytePath; entry: LayerEntry }[] = [];
  for (const one of changed) {
    const entry = after.get(one.path);
    if (entry !== undefined) layer.push({ path: one.path, entry });
  }
  for (const [path, old] of before) {
    if (after.has(path)) continue;
    // Folders come before what is in them, in every index.
    const inFolder = parentOf(path) === '' || after.get(parentOf(path))?.type === 'directory';
    if (!mayChange(path) || (options.absent?.has(path) === true && inFolder)) {
      after.set(path, old);
      continue;
    }
    // Below a folder that is gone or no folder any more, that folder's own entry already says it.
    if (!inFolder) continue;
    layer.push({ path, entry: { path: bytesToText(path), type: 'whiteout' } });
  }
  layer.sort((a, b) => compareBytes(a.path, b.path));
  return { entries: layer.map(({ entry }) => entry), after };
}
