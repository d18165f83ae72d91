import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeIndex } from '../../../containers/builder/layers/index-file.ts';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { readIndex, readingBudget } from '../../../core/diff/index-reader.ts';
import { unpackZstd } from '../../../functions/shared/zstd.ts';

const compress = promisify(zstdCompress);
const header = { format: 'lbuild-layer-index/1' as const, step: 'packages' };
const entries: LayerEntry[] = Array.from({ length: 3_000 }, (_, position) => {
  return { path: `file-${position}-naïve`, type: 'file', size: position, xattrs: { 'user.x': 'AA==' } };
});

async function read(stored: Uint8Array, budget = { ...readingBudget }) {
  const found: LayerEntry[] = [];
  const told = await readIndex({ step: 'packages', stored }, unpackZstd, budget, (entry) => found.push(entry));
  return { told, found };
}

describe('the index of a layer', () => {
  it('is read as a builder wrote it, in pieces', async () => {
    const packages = [{ name: 'a', version: '1', architecture: 'all', status: 'install ok installed' }];
    const stored = await encodeIndex({ ...header, entries: entries.length, packages }, entries);
    const { told, found } = await read(stored);
    expect(found).toEqual(entries);
    expect(told).toEqual({ ...header, entries: entries.length, packages });
  });

  it.each([
    ['bytes that are no zstd', Buffer.from('not zstd')],
    ['nothing', Buffer.alloc(0)],
    ['text that is no JSON', 'hello\n'],
    ['an entry before the header', '{"path":"a","type":"file"}\n'],
    [
      'an entry with another member',
      `${JSON.stringify({ ...header, entries: 1 })}\n{"path":"a","type":"file","x":1}\n`,
    ],
    ['fewer entries than it says', `${JSON.stringify({ ...header, entries: 2 })}\n{"path":"a","type":"file"}\n`],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x0a])],
    ['an empty line', `${JSON.stringify({ ...header, entries: 1 })}\n\n{"path":"a","type":"file"}\n`],
    // A few kilobytes when packed.
    ['a line of 100 MB', Buffer.alloc(100_000_000, 'x')],
    ['a hundred million line ends', Buffer.alloc(100_000_000, '\n')],
  ])('is refused where it is %s', async (name, content) => {
    const packed = name.includes('zstd') || name === 'nothing' ? Buffer.from(content) : await compress(content);
    await expect(read(packed)).rejects.toMatchObject({ code: 'layer.unreadable' });
  });

  it('is read no further than the budget goes', async () => {
    const stored = await encodeIndex({ ...header, entries: entries.length }, entries);
    await expect(read(stored, { entries: 2_999, bytes: 1e9 })).rejects.toMatchObject({ code: 'diff.too_large' });
    await expect(read(stored, { entries: 3_000, bytes: 10_000 })).rejects.toMatchObject({ code: 'diff.too_large' });
  });
});
