import { createHash } from 'node:crypto';
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../containers/builder/programs/disk-formats/crc32c.ts';
import { inOrder } from '../../../containers/builder/programs/disk-formats/in-order.ts';
import { writeQcow2 } from '../../../containers/builder/programs/disk-formats/qcow2-image.ts';
import {
  makeFixedVhd,
  vhdGeometry,
  writeDynamicVhd,
} from '../../../containers/builder/programs/disk-formats/vhd-image.ts';
import { writeVhdx } from '../../../containers/builder/programs/disk-formats/vhdx-image.ts';
import { writeSparseVmdk } from '../../../containers/builder/programs/disk-formats/vmdk-sparse.ts';
import { writeStreamVmdk } from '../../../containers/builder/programs/disk-formats/vmdk-stream.ts';
import { bytesAt } from '../../support/disk-image.ts';
import { benchEpoch } from '../../support/program-bench.ts';
import { checkImage, compareImage, type ImageFormat, imageInfo } from '../../support/qemu-img.ts';
import { writeSampleDisk } from '../../support/sample-disk.ts';
import { useFolders } from '../../support/temporary-folders.ts';

const mib = 1_048_576;
const key = 'a1'.repeat(32);
const folder = useFolders('disk-formats');
const { signal } = new AbortController();
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

interface Form {
  readonly name: string;
  readonly format: ImageFormat;
  /** Makes the file of the disk. */
  write(disk: string, file: string, key: string): Promise<unknown>;
  /** What qemu-img must say of it. */
  readonly details: object;
  /** MiB that the file of the sample may have. */
  readonly most: number;
}

const identity = (of: string) => ({ key: of, fileName: 'edge.vmdk', signal });
const forms: readonly Form[] = [
  {
    name: 'qcow2 with zstd',
    format: 'qcow2',
    write: (disk, file) => writeQcow2(disk, file, { compression: 'zstd', signal }),
    details: { compat: '1.1', 'compression-type': 'zstd', corrupt: false },
    most: 4,
  },
  {
    name: 'qcow2 without',
    format: 'qcow2',
    write: (disk, file) => writeQcow2(disk, file, { compression: 'none', signal }),
    details: { compat: '1.1', corrupt: false },
    most: 7.5,
  },
  {
    name: 'streamOptimized vmdk',
    format: 'vmdk',
    write: (disk, file, of) => writeStreamVmdk(disk, file, identity(of)),
    details: { 'create-type': 'streamOptimized' },
    most: 4,
  },
  {
    name: 'monolithicSparse vmdk',
    format: 'vmdk',
    write: (disk, file, of) => writeSparseVmdk(disk, file, identity(of)),
    details: { 'create-type': 'monolithicSparse' },
    most: 7.5,
  },
  {
    name: 'dynamic vhd',
    format: 'vpc',
    write: (disk, file, of) => writeDynamicVhd(disk, file, { key: of, sourceDateEpoch: benchEpoch, signal }),
    details: {},
    most: 25,
  },
  {
    name: 'dynamic vhdx',
    format: 'vhdx',
    write: (disk, file, of) => writeVhdx(disk, file, { key: of, signal }),
    details: {},
    most: 17,
  },
];

describe.each(forms)('a disk as $name', ({ format, write, details, most }) => {
  it.each([131, 64, 4])(
    'of %d MiB is the same disk to qemu-img, without a flaw and without what is free',
    async (sizeMiB) => {
      const at = folder();
      const [disk, file] = [join(at, 'disk.raw'), join(at, 'disk.image')];
      writeSampleDisk(disk, Math.max(64, sizeMiB));
      // The small one is the beginning of the sample, which has no hole at its end.
      if (sizeMiB < 64) truncateSync(disk, sizeMiB * mib);
      await write(disk, file, key);
      expect(imageInfo(file, format)).toMatchObject({ size: sizeMiB * mib, format, details });
      expect(compareImage(disk, file, format)).toMatch(/Images are identical/);
      if (format !== 'vpc') expect(checkImage(file, format)).toMatch(/No errors were found/);
      const { size, blocks } = statSync(file);
      expect(size).toBeLessThan(most * mib);
      // Blocks of a MiB and more are as sparse inside as the disk is.
      expect(blocks * 512).toBeLessThan(8 * mib);
    },
  );

  it('has the same bytes twice, whenever it is made', async () => {
    const at = folder();
    const disk = join(at, 'disk.raw');
    writeSampleDisk(disk, 64);
    const digests = new Set<string>();
    for (const name of ['one', 'two', 'three']) {
      await write(disk, join(at, name), key);
      digests.add(sha256(join(at, name)));
      if (name === 'one') await sleep(1_100);
    }
    expect(digests.size).toBe(1);
  });

  it('holds nothing of a disk of zeros', async () => {
    const at = folder();
    const [disk, file] = [join(at, 'disk.raw'), join(at, 'disk.image')];
    writeSampleDisk(disk, 64);
    truncateSync(disk, 0);
    truncateSync(disk, 300 * mib);
    await write(disk, file, key);
    expect(compareImage(disk, file, format)).toMatch(/Images are identical/);
    expect(statSync(file).size).toBeLessThan(5 * mib);
  });
});

describe('the ids in a disk', () => {
  it('are others where the key is another', async () => {
    const at = folder();
    const disk = join(at, 'disk.raw');
    writeSampleDisk(disk, 64);
    const told: string[] = [];
    for (const [number, form] of forms.entries()) {
      const [one, two] = [join(at, `one-${number}`), join(at, `two-${number}`)];
      await form.write(disk, one, key);
      await form.write(disk, two, 'b2'.repeat(32));
      if (sha256(one) !== sha256(two)) told.push(form.name);
    }
    // A qcow2 has none.
    expect(told).toEqual(forms.map(({ name }) => name).filter((name) => !name.startsWith('qcow2')));
  });
});

describe('a fixed vhd', () => {
  it('is the disk with a footer', async () => {
    const at = folder();
    const [disk, file] = [join(at, 'disk.raw'), join(at, 'disk.vhd')];
    writeSampleDisk(disk, 64);
    writeSampleDisk(file, 64);
    await makeFixedVhd(file, { key, sourceDateEpoch: benchEpoch });
    expect(statSync(file).size).toBe(64 * mib + 512);
    expect(statSync(file).blocks * 512).toBeLessThan(8 * mib);
    expect(imageInfo(file, 'vpc')).toMatchObject({ size: 64 * mib });
    expect(compareImage(disk, file, 'vpc')).toMatch(/Images are identical/);
    const footer = bytesAt(file, 64 * mib, 512);
    expect(footer.toString('latin1', 0, 8)).toBe('conectix');
    expect(footer.readUInt32BE(24)).toBe(benchEpoch - Date.UTC(2000, 0, 1) / 1_000);
    // The checksum, as every reader computes it: over the footer with the field as zeros.
    const sum = footer.readUInt32BE(64);
    footer.writeUInt32BE(0, 64);
    expect(~footer.reduce((total, byte) => total + byte, 0) >>> 0).toBe(sum);
  });

  it.each([
    // Computed by hand by the steps of the specification.
    [64 * 2_048, { cylinders: 963, heads: 8, sectorsOfTrack: 17 }],
    [200 * 2_048, { cylinders: 825, heads: 16, sectorsOfTrack: 31 }],
    [512 * 2_048, { cylinders: 1_040, heads: 16, sectorsOfTrack: 63 }],
    [51_200 * 2_048, { cylinders: 25_700, heads: 16, sectorsOfTrack: 255 }],
    [4_096 * 2_048, { cylinders: 8_322, heads: 16, sectorsOfTrack: 63 }],
    [2 ** 32, { cylinders: 65_535, heads: 16, sectorsOfTrack: 255 }],
  ])('has the geometry of a disk of %d sectors', (sectors, geometry) => {
    expect(vhdGeometry(sectors)).toEqual(geometry);
  });
});

it('a checksum of a vhdx is a CRC-32C', () => {
  // RFC 3720, appendix B.4.
  expect(crc32c(Buffer.alloc(32)).toString(16)).toBe('8a9136aa');
  expect(crc32c(Buffer.alloc(32, 0xff)).toString(16)).toBe('62a8ab43');
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
});

it('blocks that are worked on at the same time come out in their order, and the first failure ends them', async () => {
  async function* numbers() {
    for (let number = 0; number < 50; number += 1) yield number;
  }
  const seen: number[] = [];
  const later = async (number: number) => {
    await sleep((number * 7) % 5);
    return number;
  };
  for await (const number of inOrder(numbers(), later)) seen.push(number);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, at) => at));
  const failing = async (number: number) => {
    if (number === 20) throw new Error('the twentieth');
    return later(number);
  };
  await expect(
    (async () => {
      for await (const _ of inOrder(numbers(), failing));
    })(),
  ).rejects.toThrow('the twentieth');
});
