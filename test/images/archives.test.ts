import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { certificates } from '../core/spec/certificate-samples.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { type FakeArchive, startFakeArchive } from '../support/fake-archive.ts';
import { startWebProxy, type WebProxyUnderTest } from '../support/web-proxy.ts';

/** Tries what a maintainer script of an archive that nobody knows may try, and says how it went. */
const postinst = `#!/usr/bin/perl
open my $out, '>', '/srv/attempts' or die;
my $disk = '/srv/disk';
print $out 'disk: ', syscall(133, $disk, 060600, 0xfe00) == -1 ? 'no' : 'yes', "\\n";
print $out 'socket: ', syscall(41, 2, 1, 0) == -1 ? 'no' : 'yes', "\\n";
print $out 'mount: ', syscall(165, 0, 0, 0, 0, 0) == -1 ? 'no' : 'yes', "\\n";
`;

const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');

/** Files below a folder that hold a text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

describe.each(['contained', 'privileged'] as const)('a spec that names an archive, built %s', (mode) => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-archives-'));
  const tree = join(folder, 'tree');
  const directory = engineFolder();
  const password = `pass/word +${mode}`;
  let site: FakeArchive;
  let proxy: WebProxyUnderTest;
  let engine: EngineInProcess;
  let buildId = '';

  const spec = (more: object = {}) => ({
    schemaVersion: 1 as const,
    name: 'extra',
    base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
    archives: [
      {
        ...{ name: 'site', url: site.url.replace('127.0.0.1', 'localhost'), suites: ['stable'], key: site.key },
        ...{ priority: 400, credentials: { username: 'ci', password: { secret: 'site' } }, ...more },
      },
    ],
    // With the tools of the distribution that make locales and certificates after the other's scripts.
    packages: { install: ['site-web', 'site-ping'] },
    system: { locale: 'de_DE.UTF-8' },
    certificates: [certificates.root],
    steps: [
      {
        ...{ id: 'through', network: true },
        // The name is one that the proxy alone knows, and a log is where a proxy's password ends.
        run: `/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file http://only-proxy.invalid:${sitePort()}/dists/stable/InRelease /srv/release; echo "$http_proxy $HTTPS_PROXY"`,
      },
      { id: 'without', run: 'env > /srv/environment' },
    ],
    outputs: [{ type: 'tar' as const }],
  });
  const sitePort = () => new URL(site.url).port;

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
    proxy = await startWebProxy();
    proxy.hosts.set('only-proxy.invalid', '127.0.0.1');
    engine = await startEngineInProcess(directory, { mode, privateHosts: 'localhost', proxy: proxy.url });
    await engine.client.secrets.set('site', password);
    site.authorization = `Basic ${Buffer.from(`ci:${password}`).toString('base64')}`;
    site.open = (_path, request) => request.headers.host?.startsWith('only-proxy.invalid') === true;
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
    await proxy.close();
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

  it('has nothing of its credentials, in clear or as they are sent, in image, table, objects and logs', async () => {
    const forms = [password, encodeURIComponent(password), ...[password, `ci:${password}`].map((text) => base64(text))];
    // What is sealed or hashed says nothing of it; what is told says its name alone.
    for (const place of [tree, directory]) {
      for (const form of forms) expect([place, form, filesWith(place, form)]).toEqual([place, form, []]);
    }
    expect(filesWith(directory, 'site')).not.toEqual([]);
    const plan = await loadPlan(engine.ports.blobs, buildId);
    expect(plan.steps.find(({ id }) => id === 'packages')?.options).toMatchObject({
      secrets: [{ name: 'site', version: 1 }],
    });
    expect(filesWith(join(tree, 'etc'), 'ci:')).toEqual([]);
    expect(read('etc/apt/sources.list.d/site.sources')).not.toMatch(/ci|@/);
  });

  it('asks for everything through the proxy, whose password no log shows', async () => {
    const asked = (end: string) => proxy.asked.filter((address) => address.endsWith(end)).length;
    const at = `localhost:${sitePort()}`;
    // Planning and the builder read the one, the builder alone the packages.
    expect(asked(`${at}/dists/stable/InRelease`)).toBeGreaterThanOrEqual(2);
    expect([asked(`${at}/${site.pathOf('site-web')}`), asked(`${at}/${site.pathOf('site-ping')}`)]).toEqual([1, 1]);
    expect(asked('/dists/trixie/InRelease')).toBeGreaterThanOrEqual(1);
    expect(proxy.asked.filter((address) => /libcap2-bin\S*\.deb$/.test(address))).toHaveLength(1);
    expect(asked(`only-proxy.invalid:${sitePort()}/dists/stable/InRelease`)).toBe(1);
    expect(read('srv/release')).toContain('BEGIN PGP SIGNED MESSAGE');
    expect(read('srv/environment')).not.toMatch(/proxy/i);
    const lines: string[] = [];
    for await (const { text } of engine.client.streamLogs(buildId)) lines.push(text);
    expect(lines.join('\n')).toContain('http://proxy-user:***@127.0.0.1');
    for (const form of [proxy.password, encodeURIComponent(proxy.password)]) {
      expect([form, filesWith(directory, form)]).toEqual([form, []]);
    }
  });

  it('left nothing in the shared pool but the base', async () => {
    const plan = await loadPlan(engine.ports.blobs, buildId);
    for (const { id, key, trust } of plan.steps) {
      const shared = await findResult(engine.ports.table, 'shared', key);
      expect([id, shared !== undefined]).toEqual([id, id === 'bootstrap']);
      expect([id, trust]).toEqual([id, id === 'bootstrap' ? 'service' : id === 'tar' ? 'seal' : 'tenant']);
    }
  });

  it('is refused with the archive and the field where the password is another', async () => {
    await engine.client.secrets.set('site', 'wrong');
    const started = await engine.client.startBuild(spec());
    expect((await engine.client.waitForBuild(started.id)).failure).toMatchObject({
      code: 'archive.unauthorized',
      reason: expect.stringMatching(/^archives\[site\]\.credentials: .* \(status 401\)\.$/),
    });
  });

  it('is refused where the archive is at a host that the operator does not allow', async () => {
    const started = await engine.client.startBuild(spec({ url: site.url, credentials: undefined }));
    const ended = await engine.client.waitForBuild(started.id);
    expect(ended.failure).toMatchObject({
      code: 'archive.unreachable',
      reason: expect.stringContaining('no public address'),
    });
  });
});
