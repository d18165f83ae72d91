import { openContainedWorkspace } from '../../containers/builder/agent/workspace.ts';
import { type CapturedLayer, writeCapture } from '../../containers/builder/layers/capture.ts';
import { type DifferenceOptions, takeDifference } from '../../containers/builder/layers/difference.ts';
import { restoreLayers } from '../../containers/builder/layers/restore.ts';
import { LayerShelf, type ReadAhead } from '../../containers/builder/layers/shelf.ts';
import type { TreeIndex } from '../../containers/builder/layers/tree-index.ts';
import type { Manifest } from '../../core/builds/manifest.ts';

/** A layer as files, with the steps that it was made on. */
export interface TestLayer {
  readonly reference: Manifest['base'][number];
  readonly layerFile: string;
  readonly indexFile: string;
}

/** A captured layer as a stage finds it in the store. */
export function storedLayer(captured: CapturedLayer, after: readonly string[] = []): TestLayer {
  return { ...captured.layer, reference: { ...captured.layer.reference, after: [...after] } };
}

/** A shelf of layers that lie in files, and of steps that are built on them. */
export function shelfOf(layers: readonly TestLayer[], steps: Manifest['steps'] = [], ahead?: ReadAhead): LayerShelf {
  const files = new Map(
    layers.flatMap(({ reference, layerFile, indexFile }) => [
      [reference.digest, layerFile],
      [reference.index, indexFile],
    ]),
  );
  const blobs = async (digest: string): Promise<string> => {
    const file = files.get(digest);
    if (file === undefined) throw new Error(`no blob ${digest}`);
    return file;
  };
  return new LayerShelf({ base: layers.map(({ reference }) => reference), steps, modules: [] }, blobs, ahead);
}

/** Unpacks layers into an empty tree and answers what it holds. */
export async function restoreStored(
  tree: string,
  layers: readonly TestLayer[],
  sourceDateEpoch: number,
): Promise<TreeIndex> {
  const steps = layers.map(({ reference }) => reference.step);
  return (await restoreLayers(tree, shelfOf(layers), { present: [], steps, sourceDateEpoch })).index;
}

/** Takes the difference of a tree as a layer. */
export async function captureLayer(
  options: DifferenceOptions & { readonly step: string; readonly folder: string },
): Promise<CapturedLayer> {
  const { step, folder, tree } = options;
  return writeCapture({ step, folder, tree, difference: await takeDifference(options) });
}

/** Makes layers as `makeLayer` does, in folders of one kind and of one source date. */
export function layerMaker(newFolder: () => string, sourceDateEpoch: number) {
  return (step: string, below: readonly TestLayer[], change: (tree: string) => void) =>
    makeLayer(step, below, change, { newFolder, sourceDateEpoch });
}

/**
 * The layer of what `change` does to the tree that the layers below make.
 * @param newFolder makes an empty folder
 */
async function makeLayer(
  step: string,
  below: readonly TestLayer[],
  change: (tree: string) => void,
  { newFolder, sourceDateEpoch }: { readonly newFolder: () => string; readonly sourceDateEpoch: number },
): Promise<TestLayer> {
  const workspace = await openContainedWorkspace(newFolder());
  const before = await restoreStored(workspace.base, below, sourceDateEpoch);
  const source = await workspace.beginStep('0');
  change(workspace.tree);
  const options = { ...source, tree: workspace.tree, step, folder: newFolder(), before };
  const captured = await captureLayer({ ...options, sourceDateEpoch, treeBytes: 1e9 });
  return storedLayer(
    captured,
    below.map(({ reference }) => reference.step),
  );
}
