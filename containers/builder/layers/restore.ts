import { lstatSync, lutimesSync, readdirSync, rmdirSync, unlinkSync, utimesSync } from 'node:fs';
import type { LayerMerge } from './merge.ts';
import { unpackNames } from './names-tree.ts';
import { type BytePath, parentOf, pathInside, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { unpackLayer } from './unpack.ts';

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
  options: { readonly present: readonly string[]; readonly steps: readonly string[]; readonly sourceDateEpoch: number },
): Promise<LayerMerge> {
  const merge = await shelf.merge(options.present);
  const touched = new Set<BytePath>();
  // All downloads begin at once.
  const layers = options.steps.map((step) => shelf.layer(step));
  for (const layer of layers) layer.catch(() => undefined);
  for (const [at, step] of options.steps.entries()) {
    const { entries } = await shelf.index(step);
    for (const path of merge.add(step, shelf.below(step), entries)) removePath(pathInside(tree, path));
    const layer = await layers[at];
    if (layer !== undefined) await unpackLayer(tree, layer, entries);
    // Writing into a folder changes its time, which only that folder's own layer knows.
    if (at + options.present.length > 0) for (const entry of entries) touched.add(parentOf(textToBytes(entry.path)));
  }
  setFolderTimes(tree, merge, touched, options.sourceDateEpoch);
  return merge;
}

/** A tree of which only some files have their content. */
export interface NamesRestored {
  readonly merge: LayerMerge;
  /** Files of `merge.index` that are not in the tree. */
  readonly absent: ReadonlySet<BytePath>;
}

/**
 * Unpacks a tree of names: of the layers that have a module of their own, lowest first, every folder, link and node and
 * only the files that are asked for, read from the module; the layers above them whole.
 * @param folders relative to the root, whose files are wanted
 * @throws as restoreLayers
 */
export async function restoreNames(
  tree: string,
  shelf: LayerShelf,
  options: {
    readonly steps: readonly string[];
    readonly folders: readonly string[];
    readonly sourceDateEpoch: number;
    /** A file that may be written beside the tree. */
    readonly scratchFile: string;
  },
): Promise<NamesRestored> {
  const { steps, folders, sourceDateEpoch, scratchFile } = options;
  const firstWhole = steps.findIndex((step) => shelf.moduleOf(step) === undefined);
  const lower = firstWhole < 0 ? steps : steps.slice(0, firstWhole);
  const merge = await shelf.merge(lower);
  const files = await unpackNames(tree, scratchFile, shelf, { merge, steps: lower, folders });
  const lowest = new Map(merge.index);
  const whole = await restoreLayers(tree, shelf, { present: lower, steps: steps.slice(lower.length), sourceDateEpoch });
  const absent = new Set<BytePath>();
  for (const [path, entry] of whole.index) {
    const isFile = entry.type === 'file' || entry.type === 'hardlink';
    if (isFile && !files.has(path) && lowest.get(path) === entry) absent.add(path);
  }
  return { merge: whole, absent };
}

function setFolderTimes(tree: string, merge: LayerMerge, folders: ReadonlySet<BytePath>, epoch: number): void {
  for (const folder of folders) {
    const entry = merge.index.get(folder);
    if (entry?.type === 'directory') lutimesSync(pathInside(tree, folder), entry.mtime ?? 0, entry.mtime ?? 0);
  }
  utimesSync(tree, epoch, epoch);
}
