import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
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
import { type CapturedLayer, captureLayer } from '../../../containers/builder/layers/capture.ts';
import { decodeIndex } from '../../../containers/builder/layers/index-file.ts';
import { restoreLayers } from '../../../containers/builder/layers/restore.ts';
import type { TreeIndex } from '../../../containers/builder/layers/tree-index.ts';

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

const odd = (tree: string, name: string) => Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name, 'latin1')]);
const longName = `usr/share/${'long-name-'.repeat(12)}/${'x'.repeat(150)}`;

function setXattr(path: string, name: string, value: string): void {
  execFileSync('perl', [
    '-e',
    '$! = 0; syscall(188, $ARGV[0], $ARGV[1], my $v = pack("H*", $ARGV[2]), length($ARGV[2]) / 2, 0) == 0 or die "$!"',
    path,
    name,
    value,
  ]);
}
/** cap_net_raw=ep, version 2. */
const rawCapability = '0100000200200000000000000000000000000000';

/** A tree with all that a file system can hold. */
function makeTree(tree: string): void {
  for (const folder of ['bin', 'etc/gone/deep', 'etc/replaced', 'usr/share', 'var/lib/dpkg', 'moved/inside', 'dev']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  writeFileSync(join(tree, 'etc/kept'), 'kept\n');
  writeFileSync(join(tree, 'etc/changed'), 'one\n');
  writeFileSync(join(tree, 'etc/same-size'), 'aaaa\n');
  writeFileSync(join(tree, 'etc/gone/deep/file'), 'gone');
  writeFileSync(join(tree, 'etc/replaced/file'), 'in a folder');
  writeFileSync(join(tree, 'etc/file'), 'becomes a folder');
  writeFileSync(join(tree, 'moved/inside/file'), 'moves');
  symlinkSync('kept', join(tree, 'etc/link'));
  symlinkSync('/nowhere', join(tree, 'etc/absolute'));
  writeFileSync(join(tree, 'bin/a'), 'linked\n');
  linkSync(join(tree, 'bin/a'), join(tree, 'bin/b'));
  linkSync(join(tree, 'bin/a'), join(tree, 'bin/c'));
  writeFileSync(join(tree, 'bin/one'), 'pair\n');
  linkSync(join(tree, 'bin/one'), join(tree, 'bin/two'));
  setXattr(join(tree, 'bin/one'), 'user.pair', '01');
  writeFileSync(join(tree, 'bin/ping'), 'ping');
  setXattr(join(tree, 'bin/ping'), 'security.capability', rawCapability);
  chmodSync(join(tree, 'bin/ping'), 0o4755);
  chownSync(join(tree, 'etc/kept'), 3_000_000, 70);
  writeFileSync(odd(tree, 'usr/share/caf\xe9 \xff\\name\nline'), 'odd');
  writeFileSync(join(tree, 'usr/share/naïve'), 'utf-8');
  mkdirSync(join(tree, longName), { recursive: true });
  writeFileSync(join(tree, longName, 'file'), 'long');
  spawnSync('mkfifo', [join(tree, 'dev/fifo')]);
  spawnSync('mknod', [join(tree, 'dev/null'), 'c', '1', '3']);
  const sparse = openSync(join(tree, 'usr/share/sparse'), 'w');
  writeSync(sparse, 'end', 2_000_000);
  ftruncateSync(sparse, 3_000_000);
  writeFileSync(
    join(tree, 'var/lib/dpkg/status'),
    'Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 2\nDescription: text\n more: text\n\nPackage: a\nVersion: 1:1-1\nArchitecture: amd64\nStatus: install ok installed\n',
  );
  utimesSync(join(tree, 'etc/kept'), 1_000, 1_000.5);
}

/** Changes of every kind, and some that leave everything as it was. */
function changeTree(tree: string): void {
  writeFileSync(join(tree, 'etc/changed'), 'two two\n');
  writeFileSync(join(tree, 'etc/same-size'), 'bbbb\n');
  utimesSync(join(tree, 'etc/same-size'), epoch, epoch);
  // Written again with what was there, and touched: no difference.
  writeFileSync(join(tree, 'etc/kept'), 'kept\n');
  utimesSync(join(tree, 'etc/kept'), 1_000, 1_000);
  rmSync(join(tree, 'etc/gone'), { recursive: true });
  rmSync(join(tree, 'etc/replaced'), { recursive: true });
  writeFileSync(join(tree, 'etc/replaced'), 'a file');
  unlinkSync(join(tree, 'etc/file'));
  mkdirSync(join(tree, 'etc/file'));
  writeFileSync(join(tree, 'etc/file/inside'), 'inside');
  unlinkSync(join(tree, 'etc/link'));
  symlinkSync('changed', join(tree, 'etc/link'));
  // Through one name of three; then the first name of a pair goes.
  writeFileSync(join(tree, 'bin/b'), 'LINKED\n');
  utimesSync(join(tree, 'bin/b'), epoch, epoch);
  unlinkSync(join(tree, 'bin/one'));
  chmodSync(join(tree, 'bin/ping'), 0o755);
  setXattr(join(tree, 'bin/ping'), 'security.capability', rawCapability);
  setXattr(join(tree, 'etc/kept'), 'user.note', '00ff');
  writeFileSync(odd(tree, 'usr/share/caf\xe9 \xff\\name\nline'), 'odd and changed');
  writeFileSync(odd(tree, 'usr/share/\x80new'), 'new');
  mkdirSync(join(tree, 'new/moved'), { recursive: true });
  renameSync(join(tree, 'moved/inside/file'), join(tree, 'new/moved/file'));
  rmSync(join(tree, 'moved'), { recursive: true });
  spawnSync('mkfifo', [join(tree, 'new/fifo')]);
  linkSync(join(tree, 'etc/changed'), join(tree, 'new/changed-again'));
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
const stored = (layer: CapturedLayer, after: string[] = []) => ({
  reference: { ...layer.reference, after },
  layerFile: layer.layerFile,
  indexFile: layer.indexFile,
});
const entriesOf = async (layer: CapturedLayer) => (await decodeIndex(readFileSync(layer.indexFile))).entries;

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
  const before = await restoreLayers(workspace.base, [stored(base)], epoch);
  const source = await workspace.beginStep(0);
  changeTree(workspace.tree);
  const layer = await capture('change', workspace.tree, before, source);
  return { layer, workspace };
}

describe('a layer', () => {
  it('is read by GNU tar as what the tree holds', async () => {
    const base = await baseLayer();
    const listed = execFileSync('tar', ['--zstd', '-tf', base.layerFile, '--quoting-style=literal'], {
      encoding: 'latin1',
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    });
    expect(listed).toContain('usr/share/caf\xe9 \xff\\name\nline\n');
    const target = newFolder();
    execFileSync('tar', [
      '--zstd',
      '-xf',
      base.layerFile,
      '-C',
      target,
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
    ]);
    const again = await capture('base', target, new Map(), everything);
    expect(again.reference).toEqual(base.reference);
  });

  it('has an index with packages, digests, attributes, links and odd names', async () => {
    const base = await baseLayer();
    const { header, entries } = await decodeIndex(readFileSync(base.indexFile));
    expect(header.packages).toEqual([
      { name: 'a', version: '1:1-1', architecture: 'amd64', status: 'install ok installed' },
      { name: 'b', version: '2', architecture: 'all', status: 'install ok installed' },
    ]);
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    expect(byPath.get('bin/a')).toMatchObject({ type: 'file', size: 7, mtime: epoch });
    expect(byPath.get('bin/b')).toEqual({ path: 'bin/b', type: 'hardlink', target: 'bin/a' });
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
    const index = await restoreLayers(target, [stored(base)], epoch);
    const again = await capture('base', target, new Map(), everything);
    expect(again.reference).toEqual(base.reference);
    const difference = await capture('none', target, index, everything);
    expect(await entriesOf(difference)).toEqual([]);
  });

  it('is the same in both modes, and holds what changed and nothing else', async () => {
    const base = await baseLayer();
    const contained = await changedLayer('contained', base);
    const privileged = await changedLayer('privileged', base);
    const entries = await entriesOf(contained.layer);
    expect(await entriesOf(privileged.layer)).toEqual(entries);
    expect(privileged.layer.reference).toEqual(contained.layer.reference);
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
      const index = await restoreLayers(target, [stored(base), stored(layer, ['base'])], epoch);
      const restored = await capture('all', target, new Map(), everything);
      const original = await capture('all', workspace.tree, new Map(), everything);
      expect(restored.reference).toEqual(original.reference);
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
