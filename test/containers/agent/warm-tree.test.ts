import { linkSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { StageTree } from '../../../containers/builder/agent/stage-tree.ts';
import { WarmTree } from '../../../containers/builder/agent/warm-tree.ts';
import { openContainedWorkspace } from '../../../containers/builder/agent/workspace.ts';
import type { ReadAhead } from '../../../containers/builder/layers/shelf.ts';
import { layerMaker, shelfOf, type TestLayer } from '../../support/layer-shelf.ts';
import { useFolders } from '../../support/temporary-folders.ts';

const newFolder = useFolders('warm-tree');
const sourceDateEpoch = 1_735_689_600;
const layerOf = layerMaker(newFolder, sourceDateEpoch);

let lower: TestLayer;
let middle: TestLayer;
let upper: TestLayer;
beforeAll(async () => {
  lower = await layerOf('lower', [], (tree) => writeFileSync(join(tree, 'one'), 'one'));
  middle = await layerOf('middle', [lower], (tree) => writeFileSync(join(tree, 'two'), 'two'));
  upper = await layerOf('upper', [lower, middle], (tree) => rmSync(join(tree, 'one')));
});

/** A warm tree of layers whose blobs lie among the inputs, but for those that are left out. */
function warmOf(layers: readonly TestLayer[], leftOut: readonly string[] = []) {
  const folders = { work: newFolder(), inputs: newFolder() };
  for (const { reference, layerFile, indexFile } of layers) {
    if (!leftOut.includes(reference.step)) linkSync(layerFile, join(folders.inputs, reference.digest));
    linkSync(indexFile, join(folders.inputs, reference.index));
  }
  const text = JSON.stringify({ base: layers.map(({ reference }) => reference), modules: [] });
  const warm = WarmTree.begin(text, folders);
  if (warm === undefined) throw new Error('it is of the right form');
  return { warm, folders };
}

async function restored(warm: WarmTree, layers: readonly TestLayer[]): Promise<string> {
  const folder = newFolder();
  const workspace = await openContainedWorkspace(folder);
  const tree = new StageTree({
    ...{ workspace, folder, warm, sourceDateEpoch, treeBytes: 1e9, paths: undefined },
    shelf: shelfOf(layers),
  });
  await tree.moveTo(layers.map(({ reference }) => reference.step));
  expect([...tree.index.keys()].sort()).toEqual(readdirSync(workspace.tree).sort());
  return workspace.tree;
}

describe('a tree that is made ready', () => {
  it('is taken where its layers are the lowest of a stage, and the others are unpacked over it', async () => {
    const { warm, folders } = warmOf([lower, middle]);
    const tree = await restored(warm, [lower, middle, upper]);
    expect(readdirSync(tree)).toEqual(['two']);
    expect(readdirSync(folders.work)).toEqual([]);
  });

  it('is left where a stage begins with other layers', async () => {
    const { warm, folders } = warmOf([lower, middle]);
    const other = await layerOf('middle', [lower], (tree) => writeFileSync(join(tree, 'three'), 'three'));
    expect(readdirSync(await restored(warm, [lower, other])).sort()).toEqual(['one', 'three']);
    expect(readdirSync(await restored(warm, [lower]))).toEqual(['one']);
    expect(readdirSync(folders.work)).toEqual(['warm']);
  });

  it('is given away once', async () => {
    const { warm } = warmOf([lower]);
    const first = await restored(warm, [lower]);
    writeFileSync(join(first, 'mine'), 'mine');
    expect(readdirSync(await restored(warm, [lower]))).toEqual(['one']);
  });

  it('is not used where it could not be made', async () => {
    const { warm } = warmOf([lower, middle], ['middle']);
    expect(readdirSync(await restored(warm, [lower, middle])).sort()).toEqual(['one', 'two']);
  });

  it('lends its indexes', async () => {
    const { warm } = warmOf([lower]);
    expect((await warm.index(lower.reference.index))?.entries.map(({ path }) => path)).toEqual(['one']);
    expect(warm.index(upper.reference.index)).toBeUndefined();
  });

  it('lends what its layers hold together, and only where all of them are asked for, built on each other alike', async () => {
    const { warm } = warmOf([lower, middle]);
    const base = [lower, middle].map(({ reference }) => reference);
    const alone = await shelfOf([lower, middle]).merge(['lower', 'middle']);
    expect((await warm.merge(base))?.index).toEqual(alone.index);
    expect(warm.merge(base.slice(0, 1))).toBeUndefined();
    expect(warm.merge([upper.reference])).toBeUndefined();
    expect(warm.merge(base.map((layer) => ({ ...layer, after: [] })))).toBeUndefined();
    expect(warm.merge(base.map((layer) => ({ ...layer, digest: 'f'.repeat(64) })))).toBeUndefined();
  });

  it('lends it to a shelf, whose users do not change it', async () => {
    const { warm } = warmOf([lower, middle]);
    const asked: number[] = [];
    const ahead: ReadAhead = {
      index: (digest) => warm.index(digest),
      merge: (layers) => {
        asked.push(layers.length);
        return warm.merge(layers);
      },
    };
    const layers = [lower, middle, upper];
    const shelf = shelfOf(layers, [], ahead);
    const merge = await shelf.merge(['lower', 'middle', 'upper']);
    expect([...merge.index.keys()]).toEqual(['two']);
    expect(asked).toEqual([3, 2]);
    expect([...((await warm.merge([lower.reference, middle.reference]))?.index.keys() ?? [])]).toEqual(['one', 'two']);
  });

  it('is made by the shelf itself where it could not be made ahead', async () => {
    const ahead: ReadAhead = { index: () => undefined, merge: () => Promise.reject(new Error('not ahead')) };
    const merge = await shelfOf([lower, middle], [], ahead).merge(['lower', 'middle']);
    expect([...merge.index.keys()]).toEqual(['one', 'two']);
  });

  it.each(['', '{', '{"base":[]}', '{"base":[],"modules":[],"more":1}'])('is none of the text %j', (text) => {
    expect(WarmTree.begin(text, { work: newFolder(), inputs: newFolder() })).toBeUndefined();
  });
});
