import { stat } from 'node:fs/promises';
import { guid } from '../disk/guid.ts';
import { derivedUuid } from '../disk/identity.ts';
import { crc32c } from './crc32c.ts';
import { dataBlocks } from './data-blocks.ts';
import { type ImageFile, writeImageFile } from './image-file.ts';

/** Offsets, sizes and ids of [MS-VHDX], Microsoft's Virtual Hard Disk v2 file format. Numbers are little-endian. */
const kib = 1_024;
const mib = 1_048_576;
/** The smallest: a file system of Linux writes here and there, and each block takes up the whole of its room. */
const blockBytes = mib;
const sectorBytes = { logical: 512, physical: 4_096 } as const;
const headerPlaces = [64 * kib, 128 * kib] as const;
const headerBytes = 4 * kib;
const regionTablePlaces = [192 * kib, 256 * kib] as const;
const tableBytes = 64 * kib;
const log = { offset: mib, bytes: mib } as const;
const metadata = { offset: 2 * mib, bytes: mib } as const;
const blockTableAt = 3 * mib;

const regions = {
  blockTable: '2dc27766-f623-4200-9d64-115e9bfd4a08',
  metadata: '8b7ca206-4790-4b9a-b8fe-575f050f886e',
};
/** Of an item: every reader must know it; it is about the disk rather than the file. */
const itemFlags = { ofDisk: 2, required: 4 } as const;
/** States of a block: it reads as zeros and is nowhere; all of it is there. */
const blockStates = { zero: 2n, present: 6n } as const;

/** Blocks of which the table has an entry more, for a bitmap that only a disk with a parent has. */
const blocksOfChunk = (2 ** 23 * sectorBytes.logical) / blockBytes;

/**
 * Writes a disk as a dynamic vhdx: blocks of 1 MiB, those of zeros left out. The log is empty.
 * @param disk a raw disk of whole sectors, at most 64 TiB
 * @param place where the file is made; nothing may be there
 * @param options.key of the step: all ids in the file are derived from it
 */
export async function writeVhdx(
  disk: string,
  place: string,
  options: { readonly key: string; readonly signal: AbortSignal },
): Promise<void> {
  const { size } = await stat(disk);
  const blocks = Math.ceil(size / blockBytes);
  const entries = blocks + Math.floor((blocks - 1) / blocksOfChunk);
  const blockTable = Buffer.alloc(Math.ceil((entries * 8) / mib) * mib);
  for (let block = 0; block < blocks; block += 1) {
    blockTable.writeBigUInt64LE(blockStates.zero, entryOf(block));
  }
  await writeImageFile(place, async (file) => {
    let next = blockTableAt + blockTable.length;
    for await (const { number, bytes } of dataBlocks(disk, blockBytes, options.signal)) {
      // The offset is in MiB from bit 20 on, so that it is the offset in bytes.
      blockTable.writeBigUInt64LE(BigInt(next) | blockStates.present, entryOf(number));
      await file.writeSparse(bytes, next);
      next += blockBytes;
    }
    await writeFront(file, options.key, blockTable.length);
    await file.write(metadataRegion(size, options.key), metadata.offset);
    await file.write(blockTable, blockTableAt);
    return next;
  });
}

/** Offset of a block's entry in the table. */
function entryOf(block: number): number {
  return (block + Math.floor(block / blocksOfChunk)) * 8;
}

/** File identifier, both headers, both region tables. */
async function writeFront(file: ImageFile, key: string, blockTableBytes: number): Promise<void> {
  await file.write(Buffer.from('vhdxfile', 'latin1'), 0);
  for (const [number, place] of headerPlaces.entries()) {
    const header = Buffer.alloc(headerBytes);
    header.write('head', 0, 'latin1');
    // The one with the higher number counts.
    header.writeBigUInt64LE(BigInt(number + 1), 8);
    guid(derivedUuid(key, 'vhdx file write')).copy(header, 16);
    guid(derivedUuid(key, 'vhdx data write')).copy(header, 32);
    // The log's id stays zero: there is nothing to replay. Its version is 0, that of the format 1.
    header.writeUInt16LE(1, 66);
    header.writeUInt32LE(log.bytes, 68);
    header.writeBigUInt64LE(BigInt(log.offset), 72);
    header.writeUInt32LE(crc32c(header), 4);
    await file.write(header, place);
  }
  const table = Buffer.alloc(tableBytes);
  table.write('regi', 0, 'latin1');
  const entries = [
    { id: regions.blockTable, offset: blockTableAt, bytes: blockTableBytes },
    { id: regions.metadata, ...metadata },
  ];
  table.writeUInt32LE(entries.length, 8);
  for (const [number, { id, offset, bytes }] of entries.entries()) {
    const at = 16 + number * 32;
    guid(id).copy(table, at);
    table.writeBigUInt64LE(BigInt(offset), at + 16);
    table.writeUInt32LE(bytes, at + 24);
    // Every reader must know it.
    table.writeUInt32LE(1, at + 28);
  }
  table.writeUInt32LE(crc32c(table), 4);
  for (const place of regionTablePlaces) await file.write(table, place);
}

/** What the disk is: a table of items, and the items from 64 KiB on. */
function metadataRegion(size: number, key: string): Buffer {
  const number = (bytes: 4 | 8, value: number): Buffer => {
    const item = Buffer.alloc(bytes);
    if (bytes === 8) item.writeBigUInt64LE(BigInt(value));
    else item.writeUInt32LE(value);
    return item;
  };
  const { ofDisk, required } = itemFlags;
  const items = [
    // File parameters: size of a block, and no flag, since it is neither fixed nor has a parent.
    { id: 'caa16737-fa36-4d43-b3b6-33f0aa44e76b', flags: required, value: number(8, blockBytes) },
    { id: '2fa54224-cd1b-4876-b211-5dbed83bf4b8', flags: ofDisk | required, value: number(8, size) },
    {
      id: 'beca12ab-b2e6-4523-93ef-c309e000c746',
      flags: ofDisk | required,
      value: guid(derivedUuid(key, 'vhdx virtual disk')),
    },
    { id: '8141bf1d-a96f-4709-ba47-f233a8faab5f', flags: ofDisk | required, value: number(4, sectorBytes.logical) },
    { id: 'cda348c7-445d-4471-9cc9-e9885251c556', flags: ofDisk | required, value: number(4, sectorBytes.physical) },
  ];
  const bytes = Buffer.alloc(tableBytes + 4 * kib);
  bytes.write('metadata', 0, 'latin1');
  bytes.writeUInt16LE(items.length, 10);
  let offset = tableBytes;
  for (const [at, { id, flags, value }] of items.entries()) {
    const entry = 32 + at * 32;
    guid(id).copy(bytes, entry);
    bytes.writeUInt32LE(offset, entry + 16);
    bytes.writeUInt32LE(value.length, entry + 20);
    bytes.writeUInt32LE(flags, entry + 24);
    value.copy(bytes, offset);
    offset += value.length;
  }
  return bytes;
}
