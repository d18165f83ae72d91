import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeIndex } from '../../../containers/builder/layers/index-file.ts';
import { tarEnd, tarHeader } from '../../../containers/builder/layers/tar-header.ts';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { sha256 } from '../../../core/digest.ts';
import { restoreStored, type TestLayer } from '../../support/layer-shelf.ts';

const root = mkdtempSync(join(tmpdir(), 'lbuild-hostile-'));
const outside = join(root, 'outside');
mkdirSync(outside);
writeFileSync(join(outside, 'passwd'), 'untouched');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const usual = { uid: 0, gid: 0, mtime: 0 };
const directory = (path: string): LayerEntry => ({ path, type: 'directory', mode: 0o755, ...usual });
const symlink = (path: string, target: string): LayerEntry => ({
  path,
  type: 'symlink',
  mode: 0o777,
  target,
  ...usual,
});
const file = (path: string, content = 'evil'): LayerEntry => ({
  ...{ path, type: 'file', mode: 0o644, ...usual },
  ...{ size: content.length, digest: sha256(content) },
});
const whiteout = (path: string): LayerEntry => ({ path, type: 'whiteout' });

let made = 0;

/** A layer as anyone could make it: what its tar holds may differ from what its index says. */
async function layer(
  step: string,
  entries: readonly LayerEntry[],
  options: { after?: string[]; tar?: readonly LayerEntry[]; digest?: string; extra?: Buffer } = {},
): Promise<TestLayer> {
  made += 1;
  const folder = join(root, `layer-${made}`);
  mkdirSync(folder);
  const bytes = Buffer.concat([
    ...(options.tar ?? entries).flatMap((entry) => {
      const body = Buffer.alloc(Math.ceil((entry.size ?? 0) / 512) * 512);
      body.write('evil');
      return entry.type === 'file' ? [tarHeader(entry), body] : [tarHeader(entry)];
    }),
    options.extra ?? Buffer.alloc(0),
    tarEnd,
  ]);
  const stored = zstdCompressSync(bytes);
  const index = await encodeIndex({ format: 'lbuild-layer-index/1', step, entries: entries.length }, entries);
  writeFileSync(join(folder, 'layer'), stored);
  writeFileSync(join(folder, 'index'), index);
  return {
    reference: {
      step,
      digest: options.digest ?? sha256(stored),
      size: stored.length,
      diffId: sha256(bytes),
      index: sha256(index),
      indexSize: index.length,
      after: options.after ?? [],
    },
    layerFile: join(folder, 'layer'),
    indexFile: join(folder, 'index'),
  };
}

function newTree(): string {
  made += 1;
  const tree = join(root, `tree-${made}`);
  mkdirSync(tree);
  return tree;
}

describe('restoring', () => {
  it.each<[string, readonly LayerEntry[], RegExp]>([
    ['a way up', [file('../passwd')], /no path inside a tree/],
    ['an absolute path', [file('/passwd')], /no path inside a tree/],
    ['a way up in the middle', [directory('a'), file('a/../../passwd')], /no path inside a tree/],
    ['a file through its own symlink', [symlink('a', outside), file('a/passwd')], /stands in no folder/],
    ['a file below a file', [file('a'), file('a/b')], /stands in no folder/],
    [
      'a hard link to what is outside',
      [{ path: 'a', type: 'hardlink', target: join(outside, 'passwd') }],
      /link to no file/,
    ],
    ['a hard link upwards', [{ path: 'a', type: 'hardlink', target: '../outside/passwd' }], /link to no file/],
    ['a disk', [{ path: 'sda', type: 'block', mode: 0o666, device: [8, 0], ...usual }], /device node/],
    ['kernel memory', [{ path: 'mem', type: 'character', mode: 0o666, device: [1, 1], ...usual }], /device node/],
    ['a wrong order', [file('b'), file('a')], /out of order/],
    ['a path twice', [file('a'), file('a')], /out of order/],
    ['a reserved name', [file('.wh.a')], /reserved name/],
    ['a deletion of nothing', [whiteout('a')], /never was there/],
  ])('refuses %s', async (_, entries, reason) => {
    const tree = newTree();
    await expect(restoreStored(tree, [await layer('evil', entries)], 0)).rejects.toThrow(reason);
    expect(readFileSync(join(outside, 'passwd'), 'utf8')).toBe('untouched');
  });

  it('refuses a file, a deletion and a link through a symlink of a lower layer', async () => {
    const lower = await layer('lower', [symlink('a', outside)]);
    const upper = [[file('a/passwd')], [whiteout('a/passwd')], [{ path: 'b', type: 'hardlink', target: 'a/passwd' }]];
    for (const entries of upper as LayerEntry[][]) {
      const layers = [lower, await layer('evil', entries, { after: ['lower'] })];
      await expect(restoreStored(newTree(), layers, 0)).rejects.toThrow(/is refused/);
    }
    expect(readFileSync(join(outside, 'passwd'), 'utf8')).toBe('untouched');
  });

  it('refuses a tar that is not what its index says', async () => {
    const harmless = [file('a')];
    for (const evil of [
      await layer('evil', harmless, { tar: [symlink('a', outside)] }),
      await layer('evil', harmless, { tar: [file('../a')] }),
      await layer('evil', harmless, { tar: [...harmless, file('b')] }),
      await layer('evil', harmless, { tar: [] }),
      await layer('evil', harmless, { extra: tarHeader(file('/etc/passwd')) }),
      await layer('evil', harmless, { digest: sha256('other bytes') }),
    ]) {
      await expect(restoreStored(newTree(), [evil], 0)).rejects.toThrow(/is refused/);
    }
  });

  it('replaces a symlink by a folder and a folder by a symlink, never going through them', async () => {
    const lower = await layer('lower', [symlink('a', outside), directory('b'), file('b/inside')]);
    const upper = await layer('upper', [directory('a'), file('a/passwd'), symlink('b', outside)], { after: ['lower'] });
    const tree = newTree();
    const index = await restoreStored(tree, [lower, upper], 0);
    expect(readFileSync(join(tree, 'a/passwd'), 'utf8')).toBe('evil');
    expect(execFileSync('readlink', [join(tree, 'b')], { encoding: 'utf8' })).toBe(`${outside}\n`);
    expect([...index.keys()].sort()).toEqual(['a', 'a/passwd', 'b']);
    expect(readFileSync(join(outside, 'passwd'), 'utf8')).toBe('untouched');
  });
});

describe('layers of branches', () => {
  const base = () => layer('base', [directory('d'), file('d/old')]);

  it.each<[string, LayerEntry[], LayerEntry[]]>([
    ['write one file with different content', [file('f', 'one')], [file('f', 'two')]],
    ['write a file and a folder of one name', [file('f')], [directory('f')]],
    ['write into a folder that the other deletes', [file('d/new')], [whiteout('d')]],
    ['delete a folder that the other writes into', [whiteout('d')], [file('d/new')]],
    ['change a file that the other deletes', [whiteout('d/old')], [file('d/old', 'new')]],
    ['delete a file that the other changes', [file('d/old', 'new')], [whiteout('d/old')]],
  ])('conflict where they %s', async (_, one, two) => {
    const layers = [
      await base(),
      await layer('one', one, { after: ['base'] }),
      await layer('two', two, { after: ['base'] }),
    ];
    await expect(restoreStored(newTree(), layers, 0)).rejects.toMatchObject({
      code: 'layer.conflict',
      message: expect.stringMatching(/one and two/),
    });
  });

  it('merge where they agree, and a step that builds on both may change what either did', async () => {
    const shared = [whiteout('d/old'), file('same')];
    const layers = [
      await base(),
      await layer('one', [whiteout('d/old'), file('one'), file('same')], { after: ['base'] }),
      await layer('two', [...shared, file('two')], { after: ['base'] }),
      await layer('three', [whiteout('one'), file('same', 'new!')], { after: ['base', 'one', 'two'] }),
    ];
    const tree = newTree();
    const index = await restoreStored(tree, layers, 0);
    expect([...index.keys()].sort()).toEqual(['d', 'same', 'two']);
    expect(existsSync(join(tree, 'd/old'))).toBe(false);
    expect(existsSync(join(tree, 'one'))).toBe(false);
  });
});
