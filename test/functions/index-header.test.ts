import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MemoryBlobs } from '../../bench/simulation/memory-blobs.ts';
import { PaperClock } from '../../bench/simulation/paper-clock.ts';
import { encodeIndex } from '../../containers/builder/layers/index-file.ts';
import type { LayerEntry, LayerIndexHeader } from '../../core/builds/layer-index.ts';
import { blobPlace } from '../../core/builds/places.ts';
import { sha256 } from '../../core/digest.ts';
import { NoIndexHeader, readIndexHeader } from '../../functions/orchestration/finalize-build/index-header.ts';

const place = blobPlace('shared', 'a'.repeat(64));

async function stored(bytes: Uint8Array): Promise<MemoryBlobs> {
  const blobs = new MemoryBlobs(new PaperClock(0));
  await blobs.put(place, bytes, { contentType: 'application/octet-stream' });
  return blobs;
}

const indexOf = (bytes: Uint8Array) => ({ digest: sha256(bytes), size: bytes.length });
const entries = (count: number): LayerEntry[] =>
  Array.from({ length: count }, (_, at) => {
    return { path: `usr/${at}`, type: 'file', size: at, digest: randomBytes(32).toString('hex') };
  });
const packages = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const name = `package-${randomBytes(12).toString('hex')}-${at}`;
    return { name, version: '1', architecture: 'amd64', status: 'install ok installed' };
  });
const header = (more: Partial<LayerIndexHeader>): LayerIndexHeader => {
  return { format: 'lbuild-layer-index/1', step: 'packages', entries: 0, ...more };
};

describe('the header of an index', () => {
  it.each([
    ['of a small layer', header({ entries: 2 }), 2, 1],
    ['without the entries after it', header({ entries: 20_000, packages: packages(100) }), 20_000, 1],
    ['of many packages', header({ entries: 10, packages: packages(20_000) }), 10, 1],
  ])('is read: %s', async (_what, told, count, reads) => {
    const bytes = await encodeIndex(told, entries(count));
    const blobs = await stored(bytes);
    expect(await readIndexHeader(blobs, place, indexOf(bytes))).toEqual(told);
    expect(blobs.requests.reads).toBe(reads);
  });

  it.each([
    ['is no zstd', Buffer.from('index')],
    ['is no JSON', zstdCompressSync('index\n')],
    ['has no line', zstdCompressSync('{"format":"lbuild-layer-index/1"')],
    ['is another document', zstdCompressSync('{"format":"lbuild-layer-index/2"}\n')],
    ['is nothing', zstdCompressSync('')],
    ['grows beyond all bounds', zstdCompressSync(Buffer.alloc(80 << 20))],
  ])('is refused where it %s', async (_what, bytes) => {
    await expect(readIndexHeader(await stored(bytes), place, indexOf(bytes))).rejects.toBeInstanceOf(NoIndexHeader);
  });

  it('is read of an index that comes in pieces, and only where all of them are right', async () => {
    const told = header({ entries: 6_000, packages: packages(100) });
    const long = entries(6_000).map((entry) => ({ ...entry, target: randomBytes(1_500).toString('base64') }));
    const bytes = await encodeIndex(told, long);
    expect(bytes.length).toBeGreaterThan(8 << 20);
    expect(await readIndexHeader(await stored(bytes), place, indexOf(bytes))).toEqual(told);
    const turned = Uint8Array.from(bytes);
    turned[bytes.length - 1] = ~(bytes.at(-1) ?? 0);
    await expect(readIndexHeader(await stored(turned), place, indexOf(bytes))).rejects.toThrow('another digest');
    const short = bytes.subarray(0, 8 << 20);
    await expect(readIndexHeader(await stored(short), place, indexOf(bytes))).rejects.toThrow('in its size');
  });

  it('is refused where a byte far behind it is another one', async () => {
    const bytes = await encodeIndex(header({ entries: 20_000 }), entries(20_000));
    expect(bytes.length).toBeGreaterThan(128 << 10);
    const turned = Uint8Array.from(bytes);
    turned[bytes.length - 8] = ~(bytes.at(-8) ?? 0);
    await expect(readIndexHeader(await stored(turned), place, indexOf(bytes))).rejects.toThrow('another digest');
  });

  it('is not looked for in what no honest step makes', async () => {
    const index = { digest: 'a'.repeat(64), size: 2 ** 40 };
    await expect(readIndexHeader(await stored(Buffer.from('x')), place, index)).rejects.toThrow('are read');
  });

  it('is refused where nothing is stored, or other bytes are', async () => {
    const blobs = new MemoryBlobs(new PaperClock(0));
    const index = await encodeIndex(header({}), []);
    await expect(readIndexHeader(blobs, place, indexOf(index))).rejects.toBeInstanceOf(NoIndexHeader);
    const other = await stored(await encodeIndex(header({ step: 'other' }), []));
    await expect(readIndexHeader(other, place, indexOf(index))).rejects.toThrow('another digest');
  });
});
