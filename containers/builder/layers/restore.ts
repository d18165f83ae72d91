import { lstatSync, lutimesSync, readdirSync, rmdirSync, unlinkSync, utimesSync } from 'node:fs';
import type { StoredLayer } from './layer-reader.ts';
import type { LayerMerge } from './merge.ts';
import { type BytePath, parentOf, pathInside, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { pathsOfSparseTree, unpackSparse } from './sparse-tree.ts';
import type { TreeIndex } from './tree-index.ts';
import { unpackLayer, unpackModule } from './unpack.ts';
import { setXattrsBesideModule } from './xattrs.ts';

/** Removes a path and all below it; symlinks are removed, not followed. */
function removePath(path: Buffer): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkSync(path);
    return;
  }
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    removePath(Buffer.concat([path, Buffer.from('/'), name]));
  }
  rmdirSync(path);
}

/**
 * Unpacks layers over a tree, lowest first. The layers may be hostile.
 *
 * @param present steps whose layers the tree holds already
 * @param steps steps whose layers are to be unpacked over them, in the order of the plan
 * @returns the merged index of all
 * @throws StepError layer.conflict; LayerError where a layer's bytes, index or names are not what they must be
 */
export async function restoreLayers(
  tree: string,
  shelf: LayerShelf,
  options: {
    readonly present: readonly string[];
    readonly steps: readonly string[];
    readonly sourceDateEpoch: number;
    /** The layers are unpacked where nobody waits for it yet, until this signal ends it. */
    readonly ahead?: AbortSignal;
  },
): Promise<LayerMerge> {
  const merge = await shelf.merge(options.present);
  const touched = new Set<BytePath>();
  // All downloads begin at once.
  const sources = options.steps.map((step, at) =>
    sourceOf(shelf, step, [...options.present, ...options.steps.slice(0, at)]),
  );
  for (const source of sources) source.catch(() => undefined);
  const running = options.ahead === undefined ? {} : { background: true, signal: options.ahead };
  for (const [at, step] of options.steps.entries()) {
    const { entries } = await shelf.index(step);
    const source = await sources[at];
    const before = source !== undefined && 'module' in source ? [...merge.index.keys()] : [];
    for (const path of merge.add(step, shelf.below(step), entries)) removePath(pathInside(tree, path));
    if (source !== undefined && 'layer' in source) await unpackLayer(tree, source.layer, entries, running);
    if (source !== undefined && 'module' in source) {
      const hidden = before.filter((path) => !merge.index.has(path));
      await Promise.all([source.checked, unpackModule(tree, source.module, hidden, running)]);
      await setXattrsBesideModule(tree, entries);
    }
    // Writing into a folder changes its time, which only that folder's own layer knows.
    if (at + options.present.length > 0) for (const entry of entries) touched.add(parentOf(textToBytes(entry.path)));
  }
  setFolderTimes(tree, merge, touched, options.sourceDateEpoch);
  return merge;
}

/** `checked`: whether the module is what its digest says; what comes out of another is thrown away. */
type LayerSource =
  | { readonly layer: StoredLayer }
  | { readonly module: { readonly step: string; readonly file: string }; readonly checked: Promise<unknown> };

/**
 * What a layer is unpacked from: its own module where there is one, else its tar. A module has the folders above its
 * entries as its own tree had them, so it fits over that tree alone and over no other branch.
 */
async function sourceOf(shelf: LayerShelf, step: string, present: readonly string[]): Promise<LayerSource> {
  const below = new Set(shelf.below(step));
  const module = present.every((other) => below.has(other)) ? shelf.moduleOf(step) : undefined;
  if (module === undefined) return { layer: await shelf.layer(step) };
  const file = await shelf.moduleFile(module.step);
  const checked = shelf.module(module.step);
  checked.catch(() => undefined);
  return { module: { step: module.step, file }, checked };
}

/** A tree that has only some of its paths. */
export interface SparseRestored {
  readonly merge: LayerMerge;
  /** Paths of `merge.index` that are not in the tree. */
  readonly absent: ReadonlySet<BytePath>;
}

/**
 * Unpacks a sparse tree: of the layers that have a module of their own, lowest first, only the paths that are asked
 * for, read from the module; the layers above them whole.
 * @param options.paths relative to the root; with all that is below and above them, and what symlinks among them lead to
 * @throws as restoreLayers
 */
export async function restoreSparse(
  tree: string,
  shelf: LayerShelf,
  options: {
    readonly steps: readonly string[];
    readonly paths: readonly BytePath[];
    readonly sourceDateEpoch: number;
    /** A file that may be written beside the tree. */
    readonly scratchFile: string;
  },
): Promise<SparseRestored> {
  const { steps, sourceDateEpoch, scratchFile } = options;
  const firstWhole = steps.findIndex((step) => shelf.moduleOf(step) === undefined);
  const lower = firstWhole < 0 ? steps : steps.slice(0, firstWhole);
  const upper = steps.slice(lower.length);
  const [merge, all, ...above] = await Promise.all([
    shelf.merge(lower),
    shelf.merge(steps),
    ...upper.map((step) => shelf.index(step)),
  ]);
  const paths = new Set<BytePath>();
  const isFolder = (index: TreeIndex, path: BytePath) => index.get(path)?.type === 'directory';
  for (const path of pathsOfSparseTree(all.index, options.paths)) {
    const stays = merge.index.get(path) === all.index.get(path);
    if (stays || (isFolder(merge.index, path) && isFolder(all.index, path))) paths.add(path);
  }
  // The whole layers stand in folders of the lower ones.
  for (const path of above.flatMap(({ entries }) => entries.map((entry) => textToBytes(entry.path)))) {
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) if (isFolder(merge.index, at)) paths.add(at);
  }
  await unpackSparse(tree, scratchFile, shelf, { merge, steps: lower, paths });
  const whole = await restoreLayers(tree, shelf, { present: lower, steps: upper, sourceDateEpoch });
  const absent = new Set<BytePath>();
  for (const [path, entry] of whole.index) if (!paths.has(path) && merge.index.get(path) === entry) absent.add(path);
  return { merge: whole, absent };
}

function setFolderTimes(tree: string, merge: LayerMerge, folders: ReadonlySet<BytePath>, epoch: number): void {
  for (const folder of folders) {
    const entry = merge.index.get(folder);
    if (entry?.type === 'directory') lutimesSync(pathInside(tree, folder), entry.mtime ?? 0, entry.mtime ?? 0);
  }
  utimesSync(tree, epoch, epoch);
}
