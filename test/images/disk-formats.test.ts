import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initramfsPaths } from '../../containers/builder/programs/boot/initramfs-paths.ts';
import { outputTypes } from '../../core/spec/releases.ts';
import { imageConfigOf } from '../support/container-images.ts';
import { ext4At, readTable } from '../support/disk-image.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { formsDiskMiB, formsSpec } from '../support/forms-spec.ts';
import { judgeDisk } from '../support/judged-disk.ts';
import { checkImage, type ImageFormat, imageInfo } from '../support/qemu-img.ts';

const mib = 1_048_576;

/** The forms of outputs that those of everything.test.ts exclude, of the older release. Boots of it are in disk.test.ts. */
describe('a posted spec becomes every output, in the forms that are not usual', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-disk-formats-'));
  let digests: Record<string, string> = {};

  /** Has an engine whose cache is empty build the spec; answers the digests of its artifacts, and downloads them. */
  async function build(download: boolean): Promise<Record<string, string>> {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained' });
    try {
      const text = JSON.stringify(formsSpec('bookworm'));
      const started = await engine.client.startBuild({ text, mediaType: 'application/json' });
      const ended = await engine.client.waitForBuild(started.id);
      expect(ended.failure).toBeUndefined();
      expect(ended.state).toBe('succeeded');
      const steps = ended.stages.flatMap((stage) => stage.steps);
      const artifacts = await engine.client.builds.listArtifacts(started.id);
      for (const { name, type, size } of download ? artifacts : []) {
        const { milliseconds } = steps.find(({ id }) => id === type) ?? {};
        console.log(`${name}: ${(size / mib).toFixed(1)} MiB, ${((milliseconds?.program ?? 0) / 1_000).toFixed(1)} s`);
        await engine.client.downloadArtifact(started.id, name, folder);
      }
      return Object.fromEntries(artifacts.map(({ type, sha256 }) => [type, sha256]));
    } finally {
      await engine.close();
      removeFolder(directory);
    }
  }

  beforeAll(async () => {
    digests = await build(true);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);

  it('each of them', () => {
    expect(Object.keys(digests).sort()).toEqual([...outputTypes].sort());
  });

  it.each<[string, ImageFormat]>([
    ['forms.qcow2', 'qcow2'],
    ['forms.vmdk', 'vmdk'],
    ['forms.vhd', 'vpc'],
  ])('of the size asked for, without a flaw in the form or in what it holds: %s', (name, format) => {
    expect(imageInfo(at(name), format)).toMatchObject({ size: formsDiskMiB * mib, format });
    if (format !== 'vpc') expect(checkImage(at(name), format)).toMatch(/No errors were found/);
    judgeDisk(at(name), format, { path: '/etc/motd', content: 'built here\n' });
  });

  it('without what is free, but for the forms that are as large as the disk', () => {
    const size = (name: string) => statSync(at(name)).size / mib;
    expect(['forms.img', 'forms.vhd'].map(size)).toEqual([formsDiskMiB, formsDiskMiB + 512 / mib]);
    expect(size('forms.ova')).toBeLessThan(400);
    for (const name of ['forms.qcow2', 'forms.vmdk', 'forms.vhdx']) expect(size(name)).toBeLessThan(1_200);
  });

  it('as a container image that skopeo reads, with layers of zstd', () => {
    const config = imageConfigOf(`oci-archive:${at('forms.oci.tar')}`);
    expect(config).toEqual(imageConfigOf(`docker-archive:${at('forms.docker.tar')}`));
  });

  it('with the drivers of the machines that take it, in the initial RAM file system', () => {
    const root = readTable(at('forms.img')).partitions.find(({ name: part }) => part === 'root');
    const ext4 = ext4At(at('forms.img'), (root?.start ?? 0) * 512);
    const [name = ''] = /initrd\.img-\S+/.exec(ext4.debugfs('ls /boot')) ?? [];
    const file = join(folder, 'initrd');
    ext4.debugfs(`dump /boot/${name} ${file}`);
    const names = new Set([...initramfsPaths(readFileSync(file))].map((path) => basename(path).replace(/\.ko.*$/, '')));
    // VirtualBox and VMware (LSI Logic, AHCI), VMware (PVSCSI), Hyper-V and Azure, QEMU.
    for (const driver of ['mptspi', 'ahci', 'vmw_pvscsi', 'hv_storvsc', 'virtio_blk']) expect(names).toContain(driver);
  });

  it('of the same bytes, built again without a cache', async () => {
    expect(await build(false)).toEqual(digests);
  });
});
