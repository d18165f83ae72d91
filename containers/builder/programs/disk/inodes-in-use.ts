import type { FileHandle } from 'node:fs/promises';
import { StepError } from '../../step-error.ts';
import { blockBytes } from './tree-usage.ts';

/** Offsets in the superblock, which lies at 1,024 (kernel documentation, ext4: "Super Block"). */
const superblock = { at: 1_024, bytes: 1_024, inodes: 0x00, inodesPerGroup: 0x28, magic: 0x38, descriptorBytes: 0xfe };
const magic = 0xef53;
/** Offsets in a group's descriptor ("Block Group Descriptors"). */
const descriptor = { inodeBitmapLow: 0x04, flags: 0x12, inodeBitmapHigh: 0x24 };
/** The group's inodes were never used, and its bitmap was never written. */
const inodesUninitialised = 0x1;

/**
 * Numbers of the inodes in use in an ext4 file system at an offset of a file, in order, the reserved ones left out.
 * Read from its bitmaps, since no tool lists them of a file system that begins inside a file. The file system is one
 * that mke2fs has just made with blocks of 4 KiB and 64-bit descriptors.
 */
export async function inodesInUse(disk: FileHandle, offset: number, firstInode: number): Promise<number[]> {
  const read = async (position: number, size: number) => {
    const bytes = Buffer.alloc(size);
    await disk.read(bytes, 0, size, offset + position);
    return bytes;
  };
  const head = await read(superblock.at, superblock.bytes);
  const descriptorBytes = head.readUInt16LE(superblock.descriptorBytes);
  if (head.readUInt16LE(superblock.magic) !== magic || descriptorBytes !== 64) {
    throw new StepError('step.failed', 'mke2fs made no ext4 file system with 64-bit descriptors.');
  }
  const perGroup = head.readUInt32LE(superblock.inodesPerGroup);
  const groups = head.readUInt32LE(superblock.inodes) / perGroup;
  const descriptors = await read(blockBytes, groups * descriptorBytes);
  const inUse: number[] = [];
  for (let group = 0; group < groups; group += 1) {
    const at = group * descriptorBytes;
    if ((descriptors.readUInt16LE(at + descriptor.flags) & inodesUninitialised) !== 0) continue;
    const high = descriptors.readUInt32LE(at + descriptor.inodeBitmapHigh);
    const block = high * 2 ** 32 + descriptors.readUInt32LE(at + descriptor.inodeBitmapLow);
    const bitmap = await read(block * blockBytes, Math.ceil(perGroup / 8));
    for (let bit = 0; bit < perGroup; bit += 1) {
      const inode = group * perGroup + bit + 1;
      if (inode >= firstInode && ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0) inUse.push(inode);
    }
  }
  return inUse;
}
