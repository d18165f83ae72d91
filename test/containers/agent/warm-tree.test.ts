import { linkSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { StageTree } from '../../../containers/builder/agent/stage-tree.ts';
import { WarmTree } from '../../../containers/builder/agent/warm-tree.ts';
import { openContainedWorkspace } from '../../../containers/builder/agent/workspace.ts';
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

  it.each(['', '{', '{"base":[]}', '{"base":[],"modules":[],"more":1}'])('is none of the text %j', (text) => {
    expect(WarmTree.begin(text, { work: newFolder(), inputs: newFolder() })).toBeUndefined();
  });
});
