import { crc32 } from 'node:zlib';
import { guid } from './guid.ts';

/** Bytes of a sector: what GPT counts in on every disk that images are written to. */
export const sectorBytes = 512;

/** Types of partitions: UEFI specification 2.10 table 5.7, GRUB manual, Discoverable Partitions Specification. */
export const partitionTypes = {
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  swap: '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f',
  /** What Linux mounts by its own table, and what any system may. */
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  basicData: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
  root: { amd64: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', arm64: 'b921b045-1df0-41c3-af44-4c6f280d3fae' },
} as const;

export interface Partition {
  readonly type: string;
  readonly id: string;
  /** At most 36 UTF-16 code units. */
  readonly name: string;
  readonly firstSector: number;
  readonly sectors: number;
}

/** Some bytes and where on the disk they belong. */
export interface DiskPart {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Entries of a table and bytes of each: the number and size that every tool writes. */
const entries = { count: 128, bytes: 128 } as const;
const entrySectors = (entries.count * entries.bytes) / sectorBytes;
/** Sectors before and after the room for partitions: header and entries, and before them the protective MBR. */
const tableSectors = 1 + entrySectors;
const headerBytes = 92;

/**
 * A GUID partition table (UEFI specification 2.10, chapter 5): the protective MBR without boot code, the table and its
 * copy at the disk's end. Written here rather than by a tool, since the boot loader's place must be known to the sector.
 */
export function partitionTable(disk: {
  readonly id: string;
  readonly sectors: number;
  readonly partitions: readonly Partition[];
}): DiskPart[] {
  const table = Buffer.alloc(entries.count * entries.bytes);
  for (const [number, partition] of disk.partitions.entries()) {
    entryOf(partition).copy(table, number * entries.bytes);
  }
  const last = disk.sectors - 1;
  const header = (own: number, other: number, entriesAt: number) => {
    const bytes = Buffer.alloc(sectorBytes);
    bytes.write('EFI PART', 0, 'latin1');
    bytes.writeUInt32LE(0x0001_0000, 8);
    bytes.writeUInt32LE(headerBytes, 12);
    bytes.writeBigUInt64LE(BigInt(own), 24);
    bytes.writeBigUInt64LE(BigInt(other), 32);
    bytes.writeBigUInt64LE(BigInt(1 + tableSectors), 40);
    bytes.writeBigUInt64LE(BigInt(last - tableSectors), 48);
    guid(disk.id).copy(bytes, 56);
    bytes.writeBigUInt64LE(BigInt(entriesAt), 72);
    bytes.writeUInt32LE(entries.count, 80);
    bytes.writeUInt32LE(entries.bytes, 84);
    bytes.writeUInt32LE(crc32(table), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, headerBytes)), 16);
    return bytes;
  };
  return [
    { offset: 0, bytes: protectiveMbr(disk.sectors) },
    { offset: sectorBytes, bytes: header(1, last, 2) },
    { offset: 2 * sectorBytes, bytes: table },
    { offset: (last - entrySectors) * sectorBytes, bytes: table },
    { offset: last * sectorBytes, bytes: header(last, 1, last - entrySectors) },
  ];
}

function protectiveMbr(sectors: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  // One partition of type EE from sector 1 on; as cylinders, heads and sectors: from 0/0/2 to beyond what these can say.
  Buffer.from('00000200eeffffff', 'hex').copy(bytes, 446);
  bytes.writeUInt32LE(1, 454);
  bytes.writeUInt32LE(Math.min(sectors - 1, 0xffff_ffff), 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

function entryOf(partition: Partition): Buffer {
  const bytes = Buffer.alloc(entries.bytes);
  guid(partition.type).copy(bytes, 0);
  guid(partition.id).copy(bytes, 16);
  bytes.writeBigUInt64LE(BigInt(partition.firstSector), 32);
  bytes.writeBigUInt64LE(BigInt(partition.firstSector + partition.sectors - 1), 40);
  bytes.write(partition.name, 56, 72, 'utf16le');
  return bytes;
}
