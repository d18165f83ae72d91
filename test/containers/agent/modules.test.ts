import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openContainedWorkspace } from '../../../containers/builder/agent/workspace.ts';
import { writeModuleTar } from '../../../containers/builder/layers/module-tar.ts';
import { LayerShelf } from '../../../containers/builder/layers/shelf.ts';
import { pathsOfSparseTree } from '../../../containers/builder/layers/sparse-tree.ts';
import { sha256 } from '../../../core/digest.ts';
import { captureLayer, layerMaker, restoreStored, shelfOf, type TestLayer } from '../../support/layer-shelf.ts';
import { stageStep } from '../../support/stage-engine.ts';
import { useFolders } from '../../support/temporary-folders.ts';

const newFolder = useFolders('modules');
const epoch = 1_735_689_600;

const layerOf = layerMaker(newFolder, epoch);

/** The module of some layers as lines `type path`, and its bytes. */
async function moduleOf(layers: readonly TestLayer[], steps: readonly string[]) {
  const pieces: Buffer[] = [];
  await writeModuleTar(shelfOf(layers), steps, async (piece) => {
    pieces.push(Buffer.from(piece));
  });
  const bytes = Buffer.concat(pieces);
  const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: bytes, encoding: 'utf8' });
  const lines = listed
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [mode = '', , device = '', , , ...path] = line.split(/\s+/);
      const kind = mode.startsWith('c') && device === '0,0' ? 'deletion' : (mode[0] ?? '');
      return `${kind} ${path.join(' ')}`;
    });
  return { lines, bytes };
}

const base = () =>
  layerOf('base', [], (tree) => {
    for (const folder of ['etc', 'srv', 'srv/old', 'bin']) mkdirSync(join(tree, folder));
    chmodSync(join(tree, 'srv'), 0o750);
    for (const path of ['etc/passwd', 'srv/old/a', 'srv/old/b', 'bin/tool']) writeFileSync(join(tree, path), path);
    execFileSync('ln', ['bin/tool', 'bin/tool2'], { cwd: tree });
  });

describe('a module', () => {
  it('of the lowest layer holds all of it, folders first, hard links last', async () => {
    const { lines } = await moduleOf([await base()], ['base']);
    expect(lines).toEqual([
      'd bin/',
      'd etc/',
      'd srv/',
      'd srv/old/',
      '- bin/tool',
      '- etc/passwd',
      '- srv/old/a',
      '- srv/old/b',
      'h bin/tool2 link to bin/tool',
    ]);
  });

  it('holds the folders above an entry as the tree has them, and a deletion as a device 0:0', async () => {
    const lower = await base();
    const upper = await layerOf('upper', [lower], (tree) => {
      rmSync(join(tree, 'srv/old/a'));
      writeFileSync(join(tree, 'srv/new'), 'new');
    });
    const { lines, bytes } = await moduleOf([lower, upper], ['upper']);
    expect(lines).toEqual(['d srv/', 'd srv/old/', 'deletion srv/old/a', '- srv/new']);
    const mode = execFileSync('tar', ['-tvf', '-'], { input: bytes, encoding: 'utf8' }).slice(0, 10);
    expect(mode).toBe('drwxr-x---');
  });

  it('hides each entry of a folder that was deleted and made again', async () => {
    const lower = await base();
    const gone = await layerOf('gone', [lower], (tree) => rmSync(join(tree, 'srv/old'), { recursive: true }));
    const again = await layerOf('again', [lower, gone], (tree) => {
      mkdirSync(join(tree, 'srv/old'));
      writeFileSync(join(tree, 'srv/old/b'), 'other');
    });
    const { lines } = await moduleOf([lower, gone, again], ['gone', 'again']);
    expect(lines).toEqual(['d srv/', 'd srv/old/', 'deletion srv/old/a', '- srv/old/b']);
  });

  it('deletes a whole folder by one device, and needs none where a file took its place', async () => {
    const lower = await base();
    const upper = await layerOf('upper', [lower], (tree) => {
      rmSync(join(tree, 'srv/old'), { recursive: true });
      rmSync(join(tree, 'etc'), { recursive: true });
      symlinkSync('srv', join(tree, 'etc'));
    });
    expect((await moduleOf([lower, upper], ['upper'])).lines).toEqual(['d srv/', 'deletion srv/old', 'l etc -> srv']);
  });

  it('of two layers holds nothing of the first that the second replaced', async () => {
    const lower = await base();
    const one = await layerOf('one', [lower], (tree) => writeFileSync(join(tree, 'srv/file'), 'first'));
    const two = await layerOf('two', [lower, one], (tree) => {
      writeFileSync(join(tree, 'srv/file'), 'second');
      writeFileSync(join(tree, 'etc/passwd'), 'etc/passwd');
    });
    const { lines, bytes } = await moduleOf([lower, one, two], ['one', 'two']);
    expect(lines).toEqual(['d srv/', '- srv/file']);
    expect(spawnSync('tar', ['-xOf', '-', 'srv/file'], { input: bytes }).stdout.toString('utf8')).toBe('second');
  });
});

describe('a shelf', () => {
  it('knows the layers below a step that needs modules alone, which are all there already', async () => {
    const lower = await base();
    const upper = await layerOf('upper', [lower], (tree) => writeFileSync(join(tree, 'srv/new'), 'new'));
    const module = (step: string, layers: string[]) => ({ step, digest: sha256(step), size: 1, layers });
    const iso = stageStep({
      id: 'iso',
      program: 'iso',
      options: {},
      needs: ['m.base', 'm.upper'],
      produces: 'artifact',
    });
    const shelf = new LayerShelf(
      {
        base: [lower.reference, upper.reference],
        modules: [module('m.base', ['base']), module('m.upper', ['upper'])],
        steps: [iso],
      },
      () => Promise.reject(new Error('nothing is fetched')),
    );
    expect(shelf.below('iso')).toEqual(['base', 'upper']);
    expect(shelf.isBelow('base', 'iso')).toBe(true);
  });
});

describe('a sparse tree', () => {
  it('has what is asked for with what is above and below, and all names of a file of which one is there', async () => {
    const index = await restoreStored(newFolder(), [await base()], epoch);
    expect([...pathsOfSparseTree(index, ['etc'])].sort()).toEqual(['etc', 'etc/passwd']);
    expect([...pathsOfSparseTree(index, ['bin/tool2'])].sort()).toEqual(['bin', 'bin/tool', 'bin/tool2']);
    expect([...pathsOfSparseTree(index, ['srv/new/file', 'nowhere'])].sort()).toEqual(['srv']);
  });

  it('has what symlinks lead to, wherever they point, and ends where they go in a circle', async () => {
    const lower = await layerOf('base', [], (tree) => {
      mkdirSync(join(tree, 'usr/lib/units'), { recursive: true });
      writeFileSync(join(tree, 'usr/lib/units/one'), 'one');
      writeFileSync(join(tree, 'usr/other'), 'other');
      symlinkSync('usr/lib', join(tree, 'lib'));
      symlinkSync('/lib/units', join(tree, 'units'));
      symlinkSync('../../../../usr', join(tree, 'usr/lib/up'));
      symlinkSync('around', join(tree, 'around'));
    });
    const index = await restoreStored(newFolder(), [lower], epoch);
    expect([...pathsOfSparseTree(index, ['units'])].sort()).toEqual(
      ['lib', 'units', 'usr', 'usr/lib', 'usr/lib/units', 'usr/lib/units/one'].sort(),
    );
    expect([...pathsOfSparseTree(index, ['lib/up/other'])].sort()).toEqual([
      'lib',
      'usr',
      'usr/lib',
      'usr/lib/up',
      'usr/other',
    ]);
    expect([...pathsOfSparseTree(index, ['around/x'])]).toEqual(['around']);
  });

  it('is what is looked at in a whole tree too, and the layer is the same', async () => {
    const lower = await base();
    const change = (tree: string): void => {
      writeFileSync(join(tree, 'etc/motd'), 'hello');
      mkdirSync(join(tree, 'srv/new/deep'), { recursive: true });
      symlinkSync('deep', join(tree, 'srv/new/link'));
      rmSync(join(tree, 'srv/old'), { recursive: true });
      writeFileSync(join(tree, 'bin/tool2'), 'both names');
    };
    const whole = await layerOf('upper', [lower], change);
    const workspace = await openContainedWorkspace(newFolder());
    const before = await restoreStored(workspace.base, [lower], epoch);
    const source = await workspace.beginStep('0');
    change(workspace.tree);
    const roots = ['etc/motd', 'srv/new', 'srv/old', 'bin/tool2'];
    const single = pathsOfSparseTree(before, roots);
    const part = await captureLayer({
      ...{ ...source, tree: workspace.tree, step: 'upper', folder: newFolder(), before },
      absent: new Set([...before.keys()].filter((path) => !single.has(path))),
      ...{ within: { single, roots }, sourceDateEpoch: epoch, treeBytes: 1e9 },
    });
    expect(part.layer.reference.diffId).toBe(whole.reference.diffId);
    expect([...part.after.keys()].sort()).toEqual(
      [...(await restoreStored(newFolder(), [lower, whole], epoch)).keys()].sort(),
    );
  });

  it('gives the layer that the whole tree gives, though files are absent', async () => {
    const lower = await base();
    const change = (tree: string): void => {
      writeFileSync(join(tree, 'etc/motd'), 'hello');
      writeFileSync(join(tree, 'bin/tool3'), 'new');
    };
    const whole = await layerOf('upper', [lower], change);
    const workspace = await openContainedWorkspace(newFolder());
    const before = await restoreStored(workspace.base, [lower], epoch);
    rmSync(join(workspace.tree, 'srv'), { recursive: true });
    const source = await workspace.beginStep('0');
    change(workspace.tree);
    const sparse = await captureLayer({
      ...{ ...source, tree: workspace.tree, step: 'upper', folder: newFolder(), before },
      ...{ absent: new Set(['srv', 'srv/old', 'srv/old/a', 'srv/old/b']), sourceDateEpoch: epoch, treeBytes: 1e9 },
    });
    expect(sparse.layer.reference.diffId).toBe(whole.reference.diffId);
    expect(sparse.after.has('srv/old/a')).toBe(true);
  });
});
