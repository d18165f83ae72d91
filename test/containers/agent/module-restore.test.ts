import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeModuleTar } from '../../../containers/builder/layers/module-tar.ts';
import { restoreLayers, restoreSparse } from '../../../containers/builder/layers/restore.ts';
import { LayerShelf } from '../../../containers/builder/layers/shelf.ts';
import { walkTree } from '../../../containers/builder/layers/walk.ts';
import { readXattrs } from '../../../containers/builder/layers/xattrs.ts';
import type { ModuleReference } from '../../../core/builds/manifest.ts';
import { sha256 } from '../../../core/digest.ts';
import { layerMaker, restoreStored, shelfOf, type TestLayer } from '../../support/layer-shelf.ts';
import { rawAcl, rawCapability, setXattr } from '../../support/layer-trees.ts';
import { useFolders } from '../../support/temporary-folders.ts';

const newFolder = useFolders('module-restore');
const epoch = 1_735_689_600;

const layerOf = layerMaker(newFolder, epoch);

/** The module of one layer as a file, packed as the step program packs it. */
async function moduleOf(
  layers: readonly TestLayer[],
  step: string,
): Promise<{ file: string; module: ModuleReference }> {
  const pieces: Buffer[] = [];
  await writeModuleTar(shelfOf(layers), [step], async (piece) => {
    pieces.push(Buffer.from(piece));
  });
  const file = join(newFolder(), 'module');
  const packed = ['-tar', '-noappend', '-no-progress', '-quiet', '-xattrs', '-comp', 'zstd', '-root-mode', '755'];
  execFileSync('mksquashfs', ['-', file, ...packed], { input: Buffer.concat(pieces) });
  const module = {
    step: `module.${step}`,
    digest: sha256(readFileSync(file)),
    size: statSync(file).size,
    layers: [step],
  };
  return { file, module };
}

/** All that find(1) can tell of a tree, with contents and attributes. */
async function describeTree(tree: string): Promise<string> {
  const listed = execFileSync('find', ['.', '-printf', '%p %y %m %U:%G %s %T@ %n %l\n'], { cwd: tree }).toString(
    'latin1',
  );
  const contents = execFileSync('sh', ['-c', 'find . -type f -print0 | xargs -0 sha256sum'], { cwd: tree }).toString(
    'latin1',
  );
  const order = (text: string) => text.split('\n').sort().join('\n');
  const { paths } = await walkTree(tree);
  const attributes = await readXattrs(
    tree,
    paths.map(({ path }) => path),
  );
  // The size of a folder is the file system's own matter.
  const sizeless = listed.replace(/^(\S+ d \S+ \S+) \d+/gm, '$1');
  return [order(sizeless), order(contents), JSON.stringify([...attributes].sort())].join('\n---\n');
}

describe('a tree from modules', () => {
  let lower: TestLayer;
  let upper: TestLayer;
  let beside: TestLayer;
  let shelf: LayerShelf;
  beforeAll(async () => {
    lower = await layerOf('lower', [], (tree) => {
      for (const folder of ['etc', 'srv/old/deep', 'srv/again', 'bin', 'dev'])
        mkdirSync(join(tree, folder), { recursive: true });
      for (const path of ['etc/passwd', 'srv/old/deep/a', 'srv/again/b', 'srv/again/c', 'bin/tool', 'srv/turns']) {
        writeFileSync(join(tree, path), path);
      }
      execFileSync('ln', ['bin/tool', 'bin/tool2'], { cwd: tree });
      execFileSync('mknod', ['dev/null', 'c', '1', '3'], { cwd: tree });
      execFileSync('mkfifo', ['srv/pipe'], { cwd: tree });
      setXattr(join(tree, 'bin/tool'), 'security.capability', rawCapability);
      // Of these squashfs has none.
      for (const path of ['etc/passwd', 'srv/again/c', 'dev'])
        setXattr(join(tree, path), 'system.posix_acl_access', rawAcl);
      setXattr(join(tree, 'dev'), 'system.posix_acl_default', rawAcl);
      symlinkSync('../nowhere', join(tree, 'etc/dangling'));
      execFileSync('chown', ['-h', '1000:2000', 'etc/dangling', 'srv/old'], { cwd: tree });
    });
    upper = await layerOf('upper', [lower], (tree) => {
      rmSync(join(tree, 'srv/old'), { recursive: true });
      rmSync(join(tree, 'srv/again'), { recursive: true });
      mkdirSync(join(tree, 'srv/again'), { mode: 0o700 });
      writeFileSync(join(tree, 'srv/again/new'), 'new');
      rmSync(join(tree, 'srv/turns'));
      mkdirSync(join(tree, 'srv/turns'));
      writeFileSync(join(tree, 'srv/turns/inside'), 'inside');
      execFileSync('sh', ['-c', 'printf odd > "etc/$(printf "b\\377d")"; truncate -s 1M srv/sparse'], { cwd: tree });
    });
    beside = await layerOf('beside', [lower], (tree) => execFileSync('chmod', ['0711', 'bin'], { cwd: tree }));
    const modules = [await moduleOf([lower], 'lower'), await moduleOf([lower, upper], 'upper')];
    const files = new Map(modules.map(({ module, file }) => [module.digest, file]));
    for (const { reference, layerFile, indexFile } of [lower, upper, beside]) {
      files.set(reference.index, indexFile);
      files.set(reference.digest, layerFile);
    }
    shelf = new LayerShelf(
      {
        base: [lower, upper, beside].map(({ reference }) => reference),
        steps: [],
        modules: modules.map(({ module }) => module),
      },
      async (digest) => files.get(digest) ?? '/nowhere',
    );
  });

  it('is the one that the tars give, deletions, hard links, devices and attributes included', async () => {
    const [fromTars, fromModules] = [newFolder(), newFolder()];
    await restoreStored(fromTars, [lower, upper], epoch);
    await restoreLayers(fromModules, shelf, { present: [], steps: ['lower', 'upper'], sourceDateEpoch: epoch });
    expect(await describeTree(fromModules)).toBe(await describeTree(fromTars));
    for (const name of ['security.capability', 'system.posix_acl_access', 'system.posix_acl_default']) {
      expect(await describeTree(fromModules)).toContain(name);
    }
  });

  it('is right over another branch too, where a module does not fit', async () => {
    const [fromTars, fromModules] = [newFolder(), newFolder()];
    await restoreStored(fromTars, [lower, beside, upper], epoch);
    await restoreLayers(fromModules, shelf, {
      present: [],
      steps: ['lower', 'beside', 'upper'],
      sourceDateEpoch: epoch,
    });
    expect(await describeTree(fromModules)).toBe(await describeTree(fromTars));
    expect(statSync(join(fromModules, 'bin')).mode & 0o777).toBe(0o711);
  });

  it('in part has what is asked for of the module, with the layers above it whole, and says what it lacks', async () => {
    const { index } = await restoreLayers(newFolder(), shelf, {
      ...{ present: [], steps: ['lower', 'beside'], sourceDateEpoch: epoch },
    });
    const part = newFolder();
    const { merge, absent } = await restoreSparse(part, shelf, {
      ...{ steps: ['lower', 'beside'], paths: ['bin/tool2', 'srv/turns', 'dev'], sourceDateEpoch: epoch },
      scratchFile: join(newFolder(), 'paths'),
    });
    expect([...merge.index.keys()]).toEqual([...index.keys()]);
    const found = (tree: string) => execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P\\n'], { cwd: tree });
    const there = found(part).toString().trimEnd().split('\n').sort();
    expect(there).toEqual(['bin', 'bin/tool', 'bin/tool2', 'dev', 'dev/null', 'srv', 'srv/turns']);
    expect([...absent].sort()).toEqual([...index.keys()].filter((path) => !there.includes(path)).sort());
    expect(statSync(join(part, 'bin')).mode & 0o777).toBe(0o711);
    expect(readFileSync(join(part, 'bin/tool2'), 'utf8')).toBe('bin/tool');
  });
});

describe('layers that are unpacked where nobody waits for it', () => {
  it('are so as their tars say, and no further once the signal ends it', async () => {
    const one = await layerOf('one', [], (tree) => writeFileSync(join(tree, 'one'), 'one'));
    const two = await layerOf('two', [one], (tree) => writeFileSync(join(tree, 'two'), 'two'));
    const options = { present: [], steps: ['one', 'two'], sourceDateEpoch: epoch };
    const whole = newFolder();
    await restoreLayers(whole, shelfOf([one, two]), { ...options, ahead: new AbortController().signal });
    expect(readdirSync(whole).sort()).toEqual(['one', 'two']);
    const ended = newFolder();
    const restoring = restoreLayers(ended, shelfOf([one, two]), { ...options, ahead: AbortSignal.abort() });
    await expect(restoring).rejects.toThrow(/one.*abort/s);
    expect(readdirSync(ended)).toEqual([]);
  });
});
