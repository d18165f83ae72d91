import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { type DataBlock, dataBlocks } from './data-blocks.ts';
import { HostClusters } from './host-clusters.ts';
import { type ImageFile, writeImageFile } from './image-file.ts';
import { inOrder } from './in-order.ts';

/** QEMU's own size of clusters: the larger the better they pack, the smaller the less is read for one sector. */
const clusterBits = 16;
const clusterBytes = 1 << clusterBits;
const entryBytes = 8;
/** Entries of a table that fills a cluster: L1, L2, refcount table. */
const entriesOfTable = clusterBytes / entryBytes;
/** Refcounts are of 16 bits (refcount_order 4). */
const refcountsOfBlock = clusterBytes / 2;
const headerBytes = 112;
const sectorBytes = 512;

/** Bits of a table entry, in its upper half. `sectors` is where the number of further sectors begins (62 - 8 - 32). */
const upper = { copied: 0x8000_0000, compressed: 0x4000_0000, sectors: 22 } as const;
const zstdFeature = 1n << 3n;

const compress = promisify(zstdCompress);

interface Cluster {
  readonly number: number;
  readonly bytes: Buffer;
  readonly packed: boolean;
}

async function plainCluster({ number, bytes }: DataBlock): Promise<Cluster> {
  return { number, bytes, packed: false };
}

/** A cluster as one frame of zstd, or as it is where that is no shorter. */
async function packedCluster({ number, bytes }: DataBlock): Promise<Cluster> {
  const frame = await compress(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: 3 },
    pledgedSrcSize: bytes.length,
  });
  return frame.length < bytes.length ? { number, bytes: frame, packed: true } : { number, bytes, packed: false };
}

/**
 * Writes a disk as qcow2, version 3 (docs/interop/qcow2.txt of QEMU), with zstd or plain clusters. The bytes follow
 * from the disk alone. Clusters of zeros are not there. Header and L1 table come first, then the clusters in their
 * order, L2 tables, refcounts.
 * @param disk a raw disk of whole clusters, at most 4 TiB
 * @param place where the file is made; nothing may be there
 */
export async function writeQcow2(
  disk: string,
  place: string,
  options: { readonly compression: 'zstd' | 'none'; readonly signal: AbortSignal },
): Promise<void> {
  const { size } = await stat(disk);
  if (size % clusterBytes !== 0) throw new Error('the disk does not end with a cluster');
  const zstd = options.compression === 'zstd';
  await writeImageFile(place, async (file) => {
    const host = new HostClusters(clusterBytes);
    const headerAt = host.take();
    const l1At = host.take();
    const l2Tables = new Map<number, Buffer>();
    const blocks = dataBlocks(disk, clusterBytes, options.signal);
    for await (const { number, bytes, packed } of inOrder(blocks, zstd ? packedCluster : plainCluster)) {
      const offset = packed ? host.pack(bytes.length) : host.take();
      const tableNumber = Math.floor(number / entriesOfTable);
      const table = l2Tables.get(tableNumber) ?? Buffer.alloc(clusterBytes);
      l2Tables.set(tableNumber, table);
      writeEntry(table, number % entriesOfTable, offset, packed ? packedBits(offset, bytes.length) : upper.copied);
      await file.write(bytes, offset);
    }

    const l1 = Buffer.alloc(clusterBytes);
    for (const [number, table] of l2Tables) {
      const offset = host.take();
      writeEntry(l1, number, offset, upper.copied);
      await file.write(table, offset);
    }
    const refcountsAt = await writeRefcounts(file, host);
    await file.write(l1, l1At);
    await file.write(header({ size, l1At, refcountsAt, zstd }), headerAt);
    return host.count * clusterBytes;
  });
}

/** The upper half of a compressed cluster's entry: the sectors that it reaches into after its first. */
function packedBits(offset: number, bytes: number): number {
  const further = Math.floor((offset + bytes - 1) / sectorBytes) - Math.floor(offset / sectorBytes);
  return upper.compressed + further * 2 ** upper.sectors;
}

function writeEntry(table: Buffer, number: number, offset: number, bits: number): void {
  table.writeUInt32BE(bits + Math.floor(offset / 2 ** 32), number * entryBytes);
  table.writeUInt32BE(offset % 2 ** 32, number * entryBytes + 4);
}

/** Writes the refcounts of all clusters, their own included, and the table of their blocks; answers where that lies. */
async function writeRefcounts(file: ImageFile, host: HostClusters): Promise<number> {
  let blocks = 1;
  while (blocks * refcountsOfBlock < host.count + 1 + blocks) blocks += 1;
  const tableAt = host.take();
  const places = Array.from({ length: blocks }, () => host.take());
  const table = Buffer.alloc(clusterBytes);
  for (const [number, offset] of places.entries()) {
    writeEntry(table, number, offset, 0);
    const block = Buffer.alloc(clusterBytes);
    const first = number * refcountsOfBlock;
    for (const [at, count] of host.references.slice(first, first + refcountsOfBlock).entries()) {
      block.writeUInt16BE(count, at * 2);
    }
    await file.write(block, offset);
  }
  await file.write(table, tableAt);
  return tableAt;
}

function header(image: { size: number; l1At: number; refcountsAt: number; zstd: boolean }): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(clusterBits, 20);
  bytes.writeBigUInt64BE(BigInt(image.size), 24);
  bytes.writeUInt32BE(Math.ceil(image.size / (clusterBytes * entriesOfTable)), 36);
  bytes.writeBigUInt64BE(BigInt(image.l1At), 40);
  bytes.writeBigUInt64BE(BigInt(image.refcountsAt), 48);
  // Clusters of the refcount table.
  bytes.writeUInt32BE(1, 56);
  bytes.writeBigUInt64BE(image.zstd ? zstdFeature : 0n, 72);
  // refcount_order, header_length, compression_type.
  bytes.writeUInt32BE(4, 96);
  bytes.writeUInt32BE(headerBytes, 100);
  bytes.writeUInt8(image.zstd ? 1 : 0, 104);
  return bytes;
}
