import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputTypes } from '../../core/spec/releases.ts';
import { findArchives } from '../../local/archive-sources.ts';
import { imageConfigOf } from '../support/container-images.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { formsSpec } from '../support/forms-spec.ts';
import { type FrozenArchive, startFrozenArchive } from '../support/frozen-archive.ts';
import { judgeDisk } from '../support/judged-disk.ts';
import type { ImageFormat } from '../support/qemu-img.ts';
import { listTar } from '../support/tree-listing.ts';

const mib = 1_048_576;
const { debian } = findArchives();
const ubuntu = process.env.LBUILD_ARCHIVE_UBUNTU;

/** The releases of which no other test makes every output. */
const releases = [
  ['sid', debian, 'debian'],
  ['jammy', ubuntu, 'ubuntu'],
  ['noble', ubuntu, 'ubuntu'],
] as const;

describe.each(releases)('every output of %s', (release, upstream, distribution) => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-releases-'));
  let archive: FrozenArchive | undefined;
  afterAll(async () => {
    await archive?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const at = (name: string) => join(folder, name);
  const source = { text: JSON.stringify(formsSpec(release)), mediaType: 'application/json' } as const;

  if (upstream === undefined) {
    it('is refused, since no archive of it is configured', async () => {
      const directory = engineFolder();
      const engine = await startEngineInProcess(directory, { mode: 'contained' });
      try {
        const { id } = await engine.client.startBuild(source);
        const { failure } = await engine.client.waitForBuild(id);
        expect(failure).toMatchObject({ code: 'archive.not_configured' });
      } finally {
        await engine.close();
        removeFolder(directory);
      }
    });
    return;
  }

  beforeAll(async () => {
    // Sid's state of a day, which its signature would bind to a week.
    archive = release === 'sid' ? await startFrozenArchive(upstream) : undefined;
    const directory = engineFolder();
    const snapshots = archive?.snapshots;
    const engine = await startEngineInProcess(directory, {
      mode: 'contained',
      ...(snapshots !== undefined && { snapshots }),
    });
    try {
      const began = performance.now();
      const started = await engine.client.startBuild(source);
      const ended = await engine.client.waitForBuild(started.id);
      expect(ended.failure).toBeUndefined();
      console.log(`${release}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
      const artifacts = await engine.client.builds.listArtifacts(started.id);
      expect(artifacts.map(({ type }) => type).sort()).toEqual([...outputTypes].sort());
      for (const { name, size } of artifacts) {
        console.log(`  ${name}: ${(size / mib).toFixed(1)} MiB`);
        await engine.client.downloadArtifact(started.id, name, folder);
      }
    } finally {
      await engine.close();
      removeFolder(directory);
    }
  });

  it('is a disk that QEMU’s tools and e2fsck find no flaw in', () => {
    const forms: [string, ImageFormat][] = [
      ['forms.qcow2', 'qcow2'],
      ['forms.vmdk', 'vmdk'],
      ['forms.vhd', 'vpc'],
      ['forms.vhdx', 'vhdx'],
    ];
    for (const [name, format] of forms) judgeDisk(at(name), format, { path: '/etc/motd', content: 'built here\n' });
  });

  it('is a tree of that release, and skopeo reads its container images', async () => {
    const tree = await listTar(at('forms.tar.zst'), at('tree'));
    expect(tree.size).toBeGreaterThan(3_000);
    const facts = readFileSync(at('tree/etc/os-release'), 'utf8');
    expect(facts).toMatch(new RegExp(`^ID=${distribution}$`, 'm'));
    expect(facts).toMatch(new RegExp(`^VERSION_CODENAME=${release === 'sid' ? '(?!trixie)\\w+' : release}$`, 'm'));
    const config = imageConfigOf(`oci-archive:${at('forms.oci.tar')}`);
    expect(config).toEqual(imageConfigOf(`docker-archive:${at('forms.docker.tar')}`));
  });
});
