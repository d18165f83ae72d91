import { open, stat } from 'node:fs/promises';
import { derivedUuid } from '../disk/identity.ts';
import { dataBlocks } from './data-blocks.ts';
import { writeImageFile } from './image-file.ts';

/** Both forms are of Microsoft's Virtual Hard Disk Image Format Specification 1.0. Numbers are big-endian. */
const sectorBytes = 512;
const headerBytes = 1_024;
/** Bytes of a block of a dynamic disk: what every tool writes. */
const blockBytes = 2_097_152;
/** A bit for each sector of a block, in whole sectors: 512 bytes. */
const bitmapBytes = blockBytes / sectorBytes / 8;
const diskTypes = { fixed: 2, dynamic: 3 } as const;
/** Where no structure follows. */
const none = 0xffff_ffff_ffff_ffffn;
/** 1 January 2000, from which its seconds are counted. */
const epoch = 946_684_800;

/** Who a vhd is, and when it was made. */
export interface VhdIdentity {
  /** Key of the step: the unique id is derived from it. */
  readonly key: string;
  /** In seconds since 1970. */
  readonly sourceDateEpoch: number;
}

/** The complement of the sum of all bytes, which goes into the field at `offset`. */
function writeChecksum(bytes: Buffer, offset: number): void {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.writeUInt32BE(~sum >>> 0, offset);
}

/** Cylinders, heads and sectors of a disk of so many sectors, by the rule of the specification's appendix. */
export function vhdGeometry(sectors: number): { cylinders: number; heads: number; sectorsOfTrack: number } {
  const total = Math.min(sectors, 65_535 * 16 * 255);
  const geometry = (heads: number, sectorsOfTrack: number) => {
    const cylinders = Math.floor(Math.floor(total / sectorsOfTrack) / heads);
    return { cylinders, heads, sectorsOfTrack };
  };
  if (total >= 65_535 * 16 * 63) return geometry(16, 255);
  const tracks = Math.floor(total / 17);
  const heads = Math.max(4, Math.floor((tracks + 1_023) / 1_024));
  if (heads <= 16 && tracks < heads * 1_024) return geometry(heads, 17);
  return Math.floor(total / 31) < 16 * 1_024 ? geometry(16, 31) : geometry(16, 63);
}

/** The sector that a vhd ends with, and that a dynamic one begins with too. */
function footer(size: number, type: keyof typeof diskTypes, { key, sourceDateEpoch }: VhdIdentity): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.write('conectix', 0, 'latin1');
  // The one feature that is always set, and the version of the format.
  bytes.writeUInt32BE(2, 8);
  bytes.writeUInt32BE(0x0001_0000, 12);
  bytes.writeBigUInt64BE(type === 'fixed' ? none : BigInt(sectorBytes), 16);
  bytes.writeUInt32BE(Math.max(0, sourceDateEpoch - epoch), 24);
  // Hyper-V of Windows 10: readers take the size of its disks from the field, of others' from the geometry, which
  // can only say some sizes.
  bytes.write('win ', 28, 'latin1');
  bytes.writeUInt32BE(0x000a_0000, 32);
  bytes.write('Wi2k', 36, 'latin1');
  bytes.writeBigUInt64BE(BigInt(size), 40);
  bytes.writeBigUInt64BE(BigInt(size), 48);
  const { cylinders, heads, sectorsOfTrack } = vhdGeometry(size / sectorBytes);
  bytes.writeUInt16BE(cylinders, 56);
  bytes.writeUInt8(heads, 58);
  bytes.writeUInt8(sectorsOfTrack, 59);
  bytes.writeUInt32BE(diskTypes[type], 60);
  Buffer.from(derivedUuid(key, 'vhd').replaceAll('-', ''), 'hex').copy(bytes, 68);
  writeChecksum(bytes, 64);
  return bytes;
}

/**
 * Makes a fixed vhd of a raw disk, in place: the footer follows the disk's last sector.
 * @param disk of whole MiB, as Azure wants it; at most 2040 GiB
 */
export async function makeFixedVhd(disk: string, identity: VhdIdentity): Promise<void> {
  const file = await open(disk, 'r+');
  try {
    const { size } = await file.stat();
    if (size % 1_048_576 !== 0) throw new Error('the disk does not end with a MiB');
    await file.write(footer(size, 'fixed', identity), 0, sectorBytes, size);
  } finally {
    await file.close();
  }
}

/**
 * Writes a disk as a dynamic vhd: blocks of 2 MiB, those of zeros left out.
 * @param disk a raw disk of whole sectors, at most 2040 GiB
 * @param place where the file is made; nothing may be there
 */
export async function writeDynamicVhd(
  disk: string,
  place: string,
  options: VhdIdentity & { readonly signal: AbortSignal },
): Promise<void> {
  const { size } = await stat(disk);
  const count = Math.ceil(size / blockBytes);
  const tableAt = sectorBytes + headerBytes;
  await writeImageFile(place, async (file) => {
    const end = footer(size, 'dynamic', options);
    const table = Buffer.alloc(Math.ceil((count * 4) / sectorBytes) * sectorBytes, 0xff);
    const allSectors = Buffer.alloc(bitmapBytes, 0xff);
    let next = tableAt + table.length;
    for await (const { number, bytes } of dataBlocks(disk, blockBytes, options.signal)) {
      table.writeUInt32BE(next / sectorBytes, number * 4);
      await file.write(allSectors, next);
      await file.writeSparse(bytes, next + bitmapBytes);
      next += bitmapBytes + blockBytes;
    }
    await file.write(end, next);
    await file.write(end, 0);
    await file.write(dynamicHeader(tableAt, count), sectorBytes);
    await file.write(table, tableAt);
    return next + sectorBytes;
  });
}

/** What says where the table of blocks is. It has no parent, so the rest is zero. */
function dynamicHeader(tableAt: number, blocks: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write('cxsparse', 0, 'latin1');
  bytes.writeBigUInt64BE(none, 8);
  bytes.writeBigUInt64BE(BigInt(tableAt), 16);
  bytes.writeUInt32BE(0x0001_0000, 24);
  bytes.writeUInt32BE(blocks, 28);
  bytes.writeUInt32BE(blockBytes, 32);
  writeChecksum(bytes, 36);
  return bytes;
}
