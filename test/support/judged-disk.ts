import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ext4At, readTable, verifyTable } from './disk-image.ts';
import { compareImage, type ImageFormat, toRaw } from './qemu-img.ts';

/**
 * Fails where the disk in an image is not what QEMU reads of it, has a flaw in its partition table or its root file
 * system, or has not this text in a file.
 */
export function judgeDisk(
  file: string,
  format: ImageFormat,
  known: { readonly path: string; readonly content: string },
) {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-judged-'));
  const disk = join(folder, 'disk.img');
  try {
    toRaw(file, format, disk);
    expect(compareImage(disk, file, format)).toMatch(/Images are identical/);
    expect(verifyTable(disk)).toMatch(/No errors detected/);
    const root = readTable(disk).partitions.find(({ name }) => name === 'root');
    const ext4 = ext4At(disk, (root?.start ?? 0) * 512);
    expect(ext4.check()).toMatch(/files \(/);
    expect(ext4.read(known.path)).toBe(known.content);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
