import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  openContainedWorkspace,
  openOverlayWorkspace,
  type Workspace,
} from '../../../containers/builder/agent/workspace.ts';
import type { CapturedLayer } from '../../../containers/builder/layers/capture.ts';
import { decodeIndex } from '../../../containers/builder/layers/index-file.ts';
import type { TreeIndex } from '../../../containers/builder/layers/tree-index.ts';
import { captureLayer, restoreStored, storedLayer } from '../../support/layer-shelf.ts';
import { changeTree, makeTree, rawCapability } from '../../support/layer-trees.ts';

const root = mkdtempSync(join(tmpdir(), 'lbuild-layers-'));
const epoch = 1_735_689_600;
const workspaces: Workspace[] = [];
let folders = 0;

afterEach(async () => {
  for (const workspace of workspaces.splice(0)) await workspace.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function newFolder(): string {
  folders += 1;
  const folder = join(root, String(folders));
  mkdirSync(folder);
  return folder;
}

async function capture(
  step: string,
  tree: string,
  before: TreeIndex,
  source: Parameters<typeof captureLayer>[0] extends infer O ? Partial<O> : never,
): Promise<CapturedLayer> {
  return captureLayer({
    ...{ tree, before, step, folder: newFolder(), sourceDateEpoch: epoch, treeBytes: 1e9 },
    ...source,
  });
}

const everything = { since: { seconds: 0, nanoseconds: 0 } };
const stored = storedLayer;
const entriesOf = async (layer: CapturedLayer) => (await decodeIndex(readFileSync(layer.layer.indexFile))).entries;

async function baseLayer(): Promise<CapturedLayer> {
  const tree = newFolder();
  makeTree(tree);
  return capture('base', tree, new Map(), everything);
}

/** The layer of the changes over the base, taken as a mode takes it. */
async function changedLayer(mode: 'contained' | 'privileged', base: CapturedLayer) {
  const work = newFolder();
  const workspace = await (mode === 'privileged' ? openOverlayWorkspace(work) : openContainedWorkspace(work));
  workspaces.push(workspace);
  const before = await restoreStored(workspace.base, [stored(base)], epoch);
  const source = await workspace.beginStep('0');
  changeTree(workspace.tree);
  const layer = await capture('change', workspace.tree, before, source);
  return { layer, workspace };
}

describe('a layer', () => {
  it('is read by GNU tar as what the tree holds', async () => {
    const base = await baseLayer();
    const listed = execFileSync('tar', ['--zstd', '-tf', base.layer.layerFile, '--quoting-style=literal'], {
      encoding: 'latin1',
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    });
    expect(listed).toContain('usr/share/caf\xe9 \xff\\name\nline\n');
    const target = newFolder();
    execFileSync('tar', [
      '--zstd',
      '-xf',
      base.layer.layerFile,
      '-C',
      target,
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
    ]);
    const again = await capture('base', target, new Map(), everything);
    expect(again.layer.reference).toEqual(base.layer.reference);
  });

  it('has an index with packages, digests, attributes, links and odd names', async () => {
    const base = await baseLayer();
    const { header, entries } = await decodeIndex(readFileSync(base.layer.indexFile));
    expect(header.packages).toEqual([
      {
        ...{ name: 'a', version: '1:1-1', architecture: 'amd64', status: 'install ok installed' },
        ...{ source: 'a', sourceVersion: '1:1-1' },
      },
      {
        ...{ name: 'b', version: '2', architecture: 'all', status: 'install ok installed' },
        ...{ source: 'b', sourceVersion: '2' },
      },
    ]);
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    expect(byPath.get('bin/a')).toMatchObject({ type: 'file', size: 7, mtime: epoch });
    const { mode, uid, gid, mtime } = byPath.get('bin/a') ?? {};
    expect(byPath.get('bin/b')).toEqual({ path: 'bin/b', type: 'hardlink', target: 'bin/a', mode, uid, gid, mtime });
    expect(byPath.get('bin/ping')).toMatchObject({
      mode: 0o4755,
      xattrs: { 'security.capability': Buffer.from(rawCapability, 'hex').toString('base64') },
    });
    expect(byPath.get('etc/kept')).toMatchObject({ uid: 3_000_000, gid: 70, mtime: 1_000 });
    expect(byPath.get('dev/null')).toMatchObject({ type: 'character', device: [1, 3] });
    expect(byPath.has('usr/share/caf\\xe9 \\xff\\\\name\nline')).toBe(true);
    expect(byPath.get('usr/share/naïve')).toMatchObject({ type: 'file' });
  });

  it('restores to a tree that gives the same layer', async () => {
    const base = await baseLayer();
    const target = newFolder();
    const index = await restoreStored(target, [stored(base)], epoch);
    const again = await capture('base', target, new Map(), everything);
    expect(again.layer.reference).toEqual(base.layer.reference);
    const difference = await capture('none', target, index, everything);
    expect(await entriesOf(difference)).toEqual([]);
  });

  it('restores the time of a folder whose own entry and what it holds stand apart', async () => {
    const tree = newFolder();
    mkdirSync(join(tree, 'a'));
    for (const name of ['a/b', 'a.x']) writeFileSync(join(tree, name), name);
    utimesSync(join(tree, 'a'), 1_000, 1_000);
    const layer = await capture('base', tree, new Map(), everything);
    expect((await entriesOf(layer)).map(({ path }) => path)).toEqual(['a', 'a.x', 'a/b']);
    const target = newFolder();
    await restoreStored(target, [stored(layer)], epoch);
    expect(lstatSync(join(target, 'a')).mtimeMs).toBe(1_000_000);
  });

  it.each(['contained', 'privileged'] as const)('leaves the root its time before the next step: %s', async (mode) => {
    const workspace = await (mode === 'privileged' ? openOverlayWorkspace : openContainedWorkspace)(newFolder());
    workspaces.push(workspace);
    for (const step of ['0', '1']) {
      utimesSync(step === '0' ? workspace.base : workspace.tree, epoch, epoch);
      await workspace.beginStep(step);
      expect(lstatSync(workspace.tree).mtimeMs).toBe(epoch * 1_000);
      writeFileSync(join(workspace.tree, step), step);
    }
  });

  it('is the same in both modes, and holds what changed and nothing else', async () => {
    const base = await baseLayer();
    const contained = await changedLayer('contained', base);
    const privileged = await changedLayer('privileged', base);
    const entries = await entriesOf(contained.layer);
    expect(await entriesOf(privileged.layer)).toEqual(entries);
    expect(privileged.layer.layer.reference).toEqual(contained.layer.layer.reference);
    expect(entries.find((entry) => entry.path === 'bin/two')).toMatchObject({ xattrs: { 'user.pair': 'AQ==' } });
    expect(entries.map((entry) => `${entry.type} ${entry.path}`)).toEqual([
      ...['file bin/a', 'hardlink bin/b', 'hardlink bin/c', 'whiteout bin/one', 'file bin/ping', 'file bin/two'],
      ...['file etc/changed', 'directory etc/file', 'file etc/file/inside', 'whiteout etc/gone', 'file etc/kept'],
      ...['symlink etc/link', 'file etc/replaced', 'file etc/same-size'],
      ...['whiteout moved', 'directory new', 'hardlink new/changed-again', 'fifo new/fifo', 'directory new/moved'],
      ...['file new/moved/file', 'file usr/share/caf\\xe9 \\xff\\\\name\nline', 'file usr/share/\\x80new'],
    ]);
  });

  it.each(['contained', 'privileged'] as const)(
    'over its base restores to the tree it was taken from: %s',
    async (mode) => {
      const base = await baseLayer();
      const { layer, workspace } = await changedLayer(mode, base);
      const target = newFolder();
      const index = await restoreStored(target, [stored(base), stored(layer, ['base'])], epoch);
      const restored = await capture('all', target, new Map(), everything);
      const original = await capture('all', workspace.tree, new Map(), everything);
      expect(restored.layer.reference).toEqual(original.layer.reference);
      expect(await entriesOf(await capture('none', target, index, everything))).toEqual([]);
      expect(lstatSync(join(target, 'bin/a')).ino).toBe(lstatSync(join(target, 'bin/c')).ino);
      expect(readFileSync(join(target, 'bin/c'), 'utf8')).toBe('LINKED\n');
      expect(readdirSync(target)).not.toContain('moved');
    },
  );

  it('holds a file whose times do not show that it was written, where every content is compared', async () => {
    const tree = newFolder();
    writeFileSync(join(tree, 'mapped'), 'before');
    const before = (await capture('a', tree, new Map(), everything)).after;
    writeFileSync(join(tree, 'mapped'), 'after!');
    utimesSync(join(tree, 'mapped'), epoch, epoch);
    const later = { since: { seconds: 9_000_000_000, nanoseconds: 0 } };
    expect(await entriesOf(await capture('b', tree, before, later))).toEqual([]);
    expect(await entriesOf(await capture('b', tree, before, { ...later, readAll: true }))).toMatchObject([
      { path: 'mapped', type: 'file' },
    ]);
  });

  it('holds no socket, and the tree holds none after it', async () => {
    const tree = newFolder();
    const server = createServer().listen(join(tree, 'socket'));
    await once(server, 'listening');
    const layer = await capture('a', tree, new Map(), everything);
    expect(await entriesOf(layer)).toEqual([]);
    expect(readdirSync(tree)).toEqual([]);
    server.close();
  });

  it('is refused where the tree holds a reserved name, a strange device, or too much', async () => {
    const before = new Map();
    const reserved = newFolder();
    writeFileSync(join(reserved, '.wh.passwd'), '');
    await expect(capture('a', reserved, before, everything)).rejects.toMatchObject({ code: 'step.failed' });
    const device = newFolder();
    spawnSync('mknod', [join(device, 'disk'), 'b', '254', '0']);
    await expect(capture('a', device, before, everything)).rejects.toThrow(/disk.*device node/);
    const large = newFolder();
    writeFileSync(join(large, 'large'), Buffer.alloc(1_000));
    await expect(capture('a', large, before, { ...everything, treeBytes: 999 })).rejects.toMatchObject({
      code: 'limit.disk',
    });
  });
});
