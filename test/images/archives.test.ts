import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { certificates } from '../core/spec/certificate-samples.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { type FakeArchive, startFakeArchive } from '../support/fake-archive.ts';

/** Tries what a maintainer script of an archive that nobody knows may try, and says how it went. */
const postinst = `#!/usr/bin/perl
open my $out, '>', '/srv/attempts' or die;
my $disk = '/srv/disk';
print $out 'disk: ', syscall(133, $disk, 060600, 0xfe00) == -1 ? 'no' : 'yes', "\\n";
print $out 'socket: ', syscall(41, 2, 1, 0) == -1 ? 'no' : 'yes', "\\n";
print $out 'mount: ', syscall(165, 0, 0, 0, 0, 0) == -1 ? 'no' : 'yes', "\\n";
`;

describe.each(['contained', 'privileged'] as const)('a spec that names an archive, built %s', (mode) => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-archives-'));
  const tree = join(folder, 'tree');
  const directory = engineFolder();
  let site: FakeArchive;
  let engine: EngineInProcess;
  let buildId = '';

  const spec = (more: object = {}) => ({
    schemaVersion: 1 as const,
    name: 'extra',
    base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
    archives: [
      {
        ...{ name: 'site', url: site.url.replace('127.0.0.1', 'localhost'), suites: ['stable'], key: site.key },
        ...{ priority: 400, ...more },
      },
    ],
    // With the tools of the distribution that make locales and certificates after the other's scripts.
    packages: { install: ['site-web', 'site-ping'] },
    system: { locale: 'de_DE.UTF-8' },
    certificates: [certificates.root],
    outputs: [{ type: 'tar' as const }],
  });

  beforeAll(async () => {
    site = await startFakeArchive(
      [
        {
          name: 'site-web',
          fields: { Depends: 'perl-base' },
          files: { 'srv/web': 'site\n', 'DEBIAN/postinst': postinst },
        },
        {
          name: 'site-ping',
          fields: { Depends: 'libcap2-bin' },
          files: { 'srv/ping': 'ping\n', 'DEBIAN/postinst': '#!/bin/sh\nexec setcap cap_net_raw+ep /srv/ping\n' },
        },
      ],
      { suite: 'stable' },
    );
    engine = await startEngineInProcess(directory, { mode, privateHosts: 'localhost' });
    const began = performance.now();
    const started = await engine.client.startBuild(spec());
    const ended = await engine.client.waitForBuild(started.id);
    expect(ended.failure).toBeUndefined();
    console.log(`archives, ${mode}: ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    buildId = started.id;
    const { path } = await engine.client.downloadArtifact(buildId, 'extra.tar.zst', folder);
    mkdirSync(tree);
    execFileSync('tar', ['--zstd', '--xattrs', '--xattrs-include=*', '-xpf', path, '-C', tree]);
  });
  afterAll(async () => {
    await engine.close();
    await site.remove();
    removeFolder(directory);
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (path: string) => readFileSync(join(tree, path), 'utf8');

  it('holds its package, which could reach neither disks nor the network', () => {
    expect(read('srv/web')).toBe('site\n');
    expect(read('srv/attempts')).toBe('disk: no\nsocket: no\nmount: no\n');
    expect(execFileSync('getcap', [join(tree, 'srv/ping')], { encoding: 'utf8' })).toContain('cap_net_raw');
    expect(read('usr/lib/locale/locale-archive')).toContain('de_DE.utf8');
  });

  it('has it among the image’s sources, with its key in a file that no other source names', () => {
    expect(read('etc/apt/sources.list.d/site.sources')).toContain('Signed-By: /etc/apt/keyrings/site.asc\n');
    expect(read('etc/apt/sources.list.d/debian.sources')).not.toContain('site.asc');
    expect(read('etc/apt/preferences.d/site.pref')).toContain('Pin: origin "localhost"\nPin-Priority: 400\n');
  });

  it('left nothing in the shared pool but the base', async () => {
    const plan = await loadPlan(engine.ports.blobs, buildId);
    for (const { id, key, trust } of plan.steps) {
      const shared = await findResult(engine.ports.table, 'shared', key);
      expect([id, shared !== undefined]).toEqual([id, id === 'bootstrap']);
      expect([id, trust]).toEqual([id, id === 'bootstrap' ? 'service' : id === 'tar' ? 'seal' : 'tenant']);
    }
  });

  it('is refused where the archive is at a host that the operator does not allow', async () => {
    const started = await engine.client.startBuild(spec({ url: site.url }));
    const ended = await engine.client.waitForBuild(started.id);
    expect(ended.failure).toMatchObject({
      code: 'archive.unreachable',
      reason: expect.stringContaining('no public address'),
    });
  });
});
