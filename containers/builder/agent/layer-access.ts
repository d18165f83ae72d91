import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { IndexedPath, LayerAccess } from '../contract.ts';
import { imageLayers } from '../layers/image-layers.ts';
import { writeModuleTar } from '../layers/module-tar.ts';
import { pathInside, textToBytes } from '../layers/path-text.ts';
import type { LayerShelf } from '../layers/shelf.ts';
import { writeTreeTar } from '../layers/tree-tar.ts';

/** What a step's program may see of the layers and modules below it. */
export function openLayerAccess(
  shelf: LayerShelf,
  step: { readonly id: string; readonly needs: readonly string[] },
  unpackTree: () => Promise<void>,
): LayerAccess {
  const below = () => shelf.closure([step.id]).filter((other) => other !== step.id);
  const needBelow = (other: string): void => {
    if (!below().includes(other)) throw new Error(`${step.id} is not built on ${other}`);
  };
  return {
    unpackTree,
    async paths() {
      const merge = await shelf.merge(below());
      const owners = new Map<LayerEntry, string>();
      for (const layer of below()) for (const entry of (await shelf.index(layer)).entries) owners.set(entry, layer);
      const found = new Map<string, IndexedPath>();
      for (const entry of merge.index.values()) {
        found.set(entry.path, { entry, step: owners.get(entry) ?? step.id });
      }
      return found;
    },
    placeOf: (tree, path) => pathInside(tree, textToBytes(path)),
    async entriesSince(since) {
      needBelow(since);
      const known = new Set(shelf.closure([since]));
      const others = below().filter((layer) => !known.has(layer));
      return (await Promise.all(others.map((layer) => shelf.index(layer)))).flatMap(({ entries }) => entries);
    },
    async inputsOf(other) {
      needBelow(other);
      return (await shelf.index(other)).header.inputs;
    },
    async writeModuleTar(layers, write) {
      for (const layer of layers) needBelow(layer);
      await writeModuleTar(shelf, layers, write);
    },
    async writeTreeTar(options, write) {
      await writeTreeTar(shelf, below(), options, write);
    },
    async imageLayers(layers) {
      const all = new Set(below());
      if (layers.length !== all.size || !layers.every((layer) => all.has(layer))) {
        throw new Error(`${step.id} stacks other layers than it is built on`);
      }
      // In the order of the plan; that of the stage depends on what was there before it.
      return imageLayers(shelf, layers);
    },
    async module(other) {
      if (!step.needs.includes(other)) throw new Error(`${step.id} does not need the module ${other}`);
      const { file, reference } = await shelf.module(other);
      return { file, digest: reference.digest, layers: reference.layers };
    },
    async artifact(other) {
      if (!step.needs.includes(other)) throw new Error(`${step.id} does not need the artifact ${other}`);
      return shelf.artifact(other);
    },
  };
}
