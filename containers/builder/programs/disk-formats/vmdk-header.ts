import { stat } from 'node:fs/promises';
import { derivedBytes } from '../disk/identity.ts';

/**
 * What both forms of a vmdk begin with (VMware, Virtual Disk Format 5.0): a sector of numbers and a descriptor in words.
 * All sizes and offsets are in sectors of 512 bytes.
 */
export const sectorBytes = 512;
export const grainSectors = 128;
export const grainBytes = grainSectors * sectorBytes;
export const grainsOfTable = 512;
export const tableBytes = grainsOfTable * 4;
/** The descriptor stands behind the first sector. */
export const descriptorSectors = 20;

/** Flags of the header: newlines can be checked; a second set of grain tables; compressed grains; markers. */
export const vmdkFlags = { newlines: 1, secondTables: 1 << 1, compressed: 1 << 16, markers: 1 << 17 } as const;

/**
 * The capacity of a vmdk that holds a raw disk: its sectors.
 * @throws Error where the disk is not one of whole grains
 */
export async function capacityOf(disk: string): Promise<number> {
  const { size } = await stat(disk);
  if (size % grainBytes !== 0) throw new Error('the disk does not end with a grain');
  return size / sectorBytes;
}

/** The first sector of a sparse extent. */
export function sparseHeader(fields: {
  readonly version: 1 | 3;
  readonly flags: number;
  readonly capacity: number;
  readonly secondDirectory: number;
  /** `end`: a footer says where it is. */
  readonly directory: number | 'end';
  /** Before the first grain. */
  readonly overhead: number;
}): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.write('KDMV', 0, 'latin1');
  bytes.writeUInt32LE(fields.version, 4);
  bytes.writeUInt32LE(fields.flags, 8);
  bytes.writeBigUInt64LE(BigInt(fields.capacity), 12);
  bytes.writeBigUInt64LE(BigInt(grainSectors), 20);
  bytes.writeBigUInt64LE(1n, 28);
  bytes.writeBigUInt64LE(BigInt(descriptorSectors), 36);
  bytes.writeUInt32LE(grainsOfTable, 44);
  bytes.writeBigUInt64LE(BigInt(fields.secondDirectory), 48);
  bytes.writeBigUInt64LE(fields.directory === 'end' ? 0xffff_ffff_ffff_ffffn : BigInt(fields.directory), 56);
  bytes.writeBigUInt64LE(BigInt(fields.overhead), 64);
  // Not left unclean; then the line ends, which a transfer as text would have changed; then deflate or nothing.
  bytes.write('\0\n \r\n', 72, 'latin1');
  bytes.writeUInt16LE((fields.flags & vmdkFlags.compressed) === 0 ? 0 : 1, 77);
  return bytes;
}

/** Who a vmdk is. */
export interface VmdkIdentity {
  /** Its own name, by which the descriptor refers to it. Of letters, digits, `.`, `_` and `-`. */
  readonly fileName: string;
  /** Key of the step: the content ids are derived from it. */
  readonly key: string;
}

/** The descriptor of a disk in one file, filled up with zeros to its sectors. */
export function vmdkDescriptor(
  subformat: 'streamOptimized' | 'monolithicSparse',
  capacity: number,
  { fileName, key }: VmdkIdentity,
): Buffer {
  const id = derivedBytes(key, 'vmdk content').subarray(0, 16);
  // ffffffff and fffffffe have meanings of their own, so the first bit is never set.
  id[12] = (id[12] ?? 0) & 0x7f;
  const text = [
    '# Disk DescriptorFile',
    'version=1',
    'encoding="UTF-8"',
    `CID=${id.toString('hex', 12)}`,
    'parentCID=ffffffff',
    `createType="${subformat}"`,
    '',
    '# Extent description',
    `RW ${capacity} SPARSE "${fileName}"`,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    `ddb.longContentID = "${id.toString('hex')}"`,
    'ddb.virtualHWVersion = "4"',
    `ddb.geometry.cylinders = "${Math.min(65_535, Math.ceil(capacity / (255 * 63)))}"`,
    'ddb.geometry.heads = "255"',
    'ddb.geometry.sectors = "63"',
    'ddb.adapterType = "lsilogic"',
    // Whatever tools the system has are its own, not to be replaced by VMware's.
    'ddb.toolsVersion = "2147483647"',
    '',
  ].join('\n');
  const bytes = Buffer.alloc(descriptorSectors * sectorBytes);
  if (bytes.write(text, 'latin1') < text.length) throw new Error('the descriptor does not fit its sectors');
  return bytes;
}
