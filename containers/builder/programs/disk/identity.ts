import { createHash } from 'node:crypto';

/**
 * The identities of a disk and of what lies on it. All are derived from the step's key, so that the same step gives the
 * same bytes, and two different images can be attached to one machine and still be told apart.
 */
export interface DiskIdentity {
  readonly disk: string;
  readonly biosBootPartition: string;
  readonly efiPartition: string;
  readonly rootPartition: string;
  readonly rootFileSystem: string;
  /** Seed of the root file system's directory hashes. */
  readonly hashSeed: string;
  /** Serial number of the EFI partition's FAT: eight lower-case hex digits. */
  readonly efiSerial: string;
  readonly swapPartition: string;
  readonly swapArea: string;
}

/** The identities of a partition that the spec adds, and of its file system. */
export interface PartitionIdentity {
  readonly partition: string;
  readonly fileSystem: string;
  readonly hashSeed: string;
  /** Where its file system is FAT: eight lower-case hex digits. */
  readonly serial: string;
}

/** The identities that belong to a step's key. */
export function diskIdentity(key: string): DiskIdentity {
  return {
    disk: derivedUuid(key, 'disk'),
    biosBootPartition: derivedUuid(key, 'bios boot partition'),
    efiPartition: derivedUuid(key, 'EFI partition'),
    rootPartition: derivedUuid(key, 'root partition'),
    rootFileSystem: derivedUuid(key, 'root file system'),
    hashSeed: derivedUuid(key, 'hash seed'),
    efiSerial: derivedBytes(key, 'EFI file system').toString('hex', 0, 4),
    swapPartition: derivedUuid(key, 'swap partition'),
    swapArea: derivedUuid(key, 'swap area'),
  };
}

/** The identities of the partition that is mounted at a place, of the disk of a step. */
export function partitionIdentity(key: string, mountPoint: string): PartitionIdentity {
  return {
    partition: derivedUuid(key, `partition ${mountPoint}`),
    fileSystem: derivedUuid(key, `file system ${mountPoint}`),
    hashSeed: derivedUuid(key, `hash seed ${mountPoint}`),
    serial: derivedBytes(key, `FAT ${mountPoint}`).toString('hex', 0, 4),
  };
}

/** The serial number of a FAT as blkid and fstab write it, such as 1A2B-3C4D. */
export function fatUuid(serial: string): string {
  const upper = serial.toUpperCase();
  return `${upper.slice(0, 4)}-${upper.slice(4)}`;
}

/** 32 bytes that are a step's own for a purpose. */
export function derivedBytes(key: string, purpose: string): Buffer {
  return createHash('sha256').update(`${key} ${purpose}`).digest();
}

/** A UUID of version 8 (RFC 9562, section 5.8: made by a rule of one's own). */
export function derivedUuid(key: string, purpose: string): string {
  const bytes = derivedBytes(key, purpose).subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
