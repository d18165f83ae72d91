import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initramfsPaths } from '../../containers/builder/programs/boot/initramfs-paths.ts';
import type { Spec } from '../../sdk/generated/types.gen.ts';
import { passwordHashes } from '../core/spec/sample-spec.ts';
import { askDisk } from '../support/built-disk.ts';
import { ext4At, readTable, verifyTable } from '../support/disk-image.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { checkImage, compareImage, type ImageFormat, imageInfo, toRaw } from '../support/qemu-img.ts';

const mib = 1_048_576;

type Outputs = NonNullable<Spec['outputs']>;

/** A small system as a disk of every form, larger than it needs. */
const spec = (outputs: Outputs) => ({
  schemaVersion: 1 as const,
  name: 'edge',
  base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
  system: { hostname: 'edge-01' },
  users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
  files: [{ path: '/etc/motd', content: 'built here\n' }],
  // The kernel's warnings of a slow machine would stand among the answers of commands.
  kernel: { cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
  outputs,
});
const forms: Outputs = [
  { type: 'raw', sizeMiB: 2_048 },
  { type: 'qcow2', sizeMiB: 2_048 },
  { type: 'vmdk', sizeMiB: 2_048 },
  { type: 'vhd', sizeMiB: 2_048 },
  { type: 'vhdx', sizeMiB: 2_048 },
  { type: 'ova', sizeMiB: 2_048 },
];
const otherForms: Outputs = [
  { type: 'qcow2', sizeMiB: 2_048, compression: 'none' },
  { type: 'vmdk', sizeMiB: 2_048, subformat: 'monolithicSparse' },
  { type: 'vhd', sizeMiB: 2_048, subformat: 'fixed' },
];

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

describe('a posted spec becomes a disk of every form', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-disk-formats-'));
  let digests: Record<string, string> = {};

  /** Has an engine whose cache is empty make the builds, one after the other; answers the digests of their artifacts. */
  async function build(...wanted: readonly { readonly outputs: Outputs; readonly place: string }[]) {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained' });
    const made: Record<string, string> = {};
    try {
      for (const { outputs, place } of wanted) {
        const started = await engine.client.startBuild(spec(outputs));
        const ended = await engine.client.waitForBuild(started.id);
        expect(ended.failure).toBeUndefined();
        expect(ended.state).toBe('succeeded');
        const steps = ended.stages.flatMap((stage) => stage.steps);
        for (const { name, type, size, sha256: digest } of await engine.client.listArtifacts(started.id)) {
          made[`${place}/${type}`] = digest;
          const { milliseconds } = steps.find(({ id }) => id === type) ?? {};
          console.log(
            `${name}: ${(size / mib).toFixed(1)} MiB, ${((milliseconds?.program ?? 0) / 1_000).toFixed(1)} s`,
          );
          await engine.client.downloadArtifact(started.id, name, join(folder, place));
        }
      }
      return made;
    } finally {
      await engine.close();
      removeFolder(directory);
    }
  }

  beforeAll(async () => {
    digests = await build({ outputs: forms, place: 'one' }, { outputs: otherForms, place: 'other' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, 'one', name);
  const other = (name: string) => join(folder, 'other', name);

  it.each<[string, string, ImageFormat]>([
    ['one', 'edge.qcow2', 'qcow2'],
    ['one', 'edge.vmdk', 'vmdk'],
    ['one', 'edge.vhd', 'vpc'],
    ['one', 'edge.vhdx', 'vhdx'],
    ['other', 'edge.qcow2', 'qcow2'],
    ['other', 'edge.vmdk', 'vmdk'],
    ['other', 'edge.vhd', 'vpc'],
  ])('of the size asked for, without a flaw in the form or in what it holds: %s/%s', (place, name, format) => {
    const file = join(folder, place, name);
    expect(imageInfo(file, format)).toMatchObject({ size: 2_048 * mib, format });
    if (format !== 'vpc') expect(checkImage(file, format)).toMatch(/No errors were found/);
    needDisk(file, format);
  });

  /** Throws where the disk in an image has a flaw, or is not the one of the spec. */
  function needDisk(file: string, format: ImageFormat) {
    const disk = join(folder, 'judged.img');
    toRaw(file, format, disk);
    expect(compareImage(disk, file, format)).toMatch(/Images are identical/);
    expect(verifyTable(disk)).toMatch(/No errors detected/);
    const [, , root] = readTable(disk).partitions;
    const ext4 = ext4At(disk, (root?.start ?? 0) * 512);
    expect(ext4.check()).toMatch(/files \(/);
    expect(ext4.read('/etc/motd')).toBe('built here\n');
    rmSync(disk);
  }

  it('without what is free, but for the forms that are as large as the disk', () => {
    const whole = [at('edge.img'), other('edge.vhd')].map((file) => statSync(file).size / mib);
    expect(whole).toEqual([2_048, 2_048 + 512 / mib]);
    const compressed = [at('edge.qcow2'), at('edge.vmdk'), at('edge.ova')].map((file) => statSync(file).size / mib);
    const plain = [at('edge.vhd'), at('edge.vhdx'), other('edge.qcow2'), other('edge.vmdk')];
    for (const size of compressed) expect(size).toBeLessThan(400);
    for (const size of plain.map((file) => statSync(file).size / mib)) expect(size).toBeLessThan(1_200);
  });

  it('as a machine whose manifest vouches for its files', async () => {
    const unpacked = join(folder, 'ova');
    mkdirSync(unpacked);
    execFileSync('tar', ['--extract', '--file', at('edge.ova'), '--directory', unpacked]);
    const manifest = readFileSync(join(unpacked, 'edge.mf'), 'utf8').trim().split('\n');
    expect(manifest).toHaveLength(2);
    for (const line of manifest) {
      const [, name = '', digest] = /^SHA256\((.*)\)= ([0-9a-f]{64})$/.exec(line) ?? [];
      expect(await sha256(join(unpacked, name))).toBe(digest);
    }
    const disk = join(unpacked, 'edge-disk1.vmdk');
    expect(imageInfo(disk, 'vmdk')).toMatchObject({ size: 2_048 * mib });
    expect(checkImage(disk, 'vmdk')).toMatch(/No errors were found/);
    needDisk(disk, 'vmdk');
  });

  it('with the drivers of the machines that take it, in the initial RAM file system', () => {
    const [, , root] = readTable(at('edge.img')).partitions;
    const ext4 = ext4At(at('edge.img'), (root?.start ?? 0) * 512);
    const [name = ''] = /initrd\.img-\S+/.exec(ext4.debugfs('ls /boot')) ?? [];
    const file = join(folder, 'initrd');
    ext4.debugfs(`dump /boot/${name} ${file}`);
    const names = new Set([...initramfsPaths(readFileSync(file))].map((path) => basename(path).replace(/\.ko.*$/, '')));
    // VirtualBox and VMware (LSI Logic, AHCI), VMware (PVSCSI), Hyper-V and Azure, QEMU.
    for (const driver of ['mptspi', 'ahci', 'vmw_pvscsi', 'hv_storvsc', 'virtio_blk']) expect(names).toContain(driver);
  });

  it.each(['uefi', 'bios'] as const)('that boots as qcow2 with %s', async (firmware) => {
    const checks = {
      'systemctl is-system-running --wait': 'running',
      'cat /etc/motd': 'built here',
      'findmnt -no FSTYPE / | cat': 'ext4',
    };
    const machine = { disk: at('edge.qcow2'), format: 'qcow2', firmware, hostname: 'edge-01' } as const;
    expect((await askDisk(machine, Object.keys(checks))).answers).toEqual(checks);
  });

  it('of the same bytes, built again without a cache', async () => {
    for (const place of ['one', 'other']) rmSync(join(folder, place), { recursive: true });
    expect(await build({ outputs: forms, place: 'one' }, { outputs: otherForms, place: 'other' })).toEqual(digests);
  });
});
