import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageConfigOf, PodmanStore } from '../support/container-images.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { listTar, listTree, treeDifferences } from '../support/tree-listing.ts';

const image = {
  name: 'registry.example/team/edge',
  env: { MODE: 'built here' },
  user: 'ops',
  workdir: '/srv/site',
  cmd: ['/bin/cat', 'index.html'],
};

/** A container for each way of layers: packages, accounts, files, scripts side by side that change and delete. */
const spec = (compression: 'gzip' | 'zstd') => ({
  schemaVersion: 1 as const,
  name: 'edge',
  base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
  packages: { install: ['iputils-ping'] },
  users: [{ name: 'ops', uid: 1_500 }],
  files: [{ path: '/root/.note', content: 'for root alone\n', mode: '0600' }],
  steps: [
    { id: 'site', run: 'install -d /srv/site; echo hello > /srv/site/index.html; rm /etc/issue.net', needs: [] },
    { id: 'private', run: 'install -d -m 700 -o ops /srv/private; rm -r /etc/skel', needs: [] },
    { id: 'last', run: 'echo more > /srv/private/file; echo done >> /srv/site/index.html', needs: ['site', 'private'] },
  ],
  outputs: [
    { type: 'oci' as const, compression, tag: compression, ...image },
    { type: 'docker' as const, tag: 'plain', ...image },
    { type: 'tar' as const },
  ],
});

describe('a posted spec becomes container images', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-containers-'));
  const store = new PodmanStore();
  const ids: Record<string, string> = {};
  const load = (name: string, tag: string) => {
    store.run('load', '--quiet', '--input', join(folder, name));
    ids[tag] = store.run('inspect', '--type', 'image', '--format', '{{.Id}}', `${image.name}:${tag}`).trim();
  };

  beforeAll(async () => {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained' });
    try {
      for (const compression of ['gzip', 'zstd'] as const) {
        const started = await engine.client.startBuild(spec(compression));
        const ended = await engine.client.waitForBuild(started.id);
        expect(ended.failure).toBeUndefined();
        expect(ended.state).toBe('succeeded');
        const steps = ended.stages.flatMap((stage) => stage.steps);
        expect(steps.filter(({ hit }) => !hit).map(({ id }) => id)).toEqual(
          compression === 'gzip' ? steps.map(({ id }) => id) : ['oci'],
        );
        for (const artifact of await engine.client.builds.listArtifacts(started.id)) {
          await engine.client.downloadArtifact(started.id, artifact.name, join(folder, compression));
          const { milliseconds } = steps.find(({ id }) => id === artifact.type) ?? {};
          console.log(`${compression}: ${artifact.name} ${artifact.size} bytes, ${milliseconds?.program ?? 0} ms`);
        }
      }
    } finally {
      await engine.close();
      removeFolder(directory);
    }
    load('gzip/edge.oci.tar', 'gzip');
    load('zstd/edge.oci.tar', 'zstd');
    load('gzip/edge.docker.tar', 'plain');
  });
  afterAll(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('of one configuration, whatever the form and the compression: they have one id', () => {
    expect(Object.keys(ids)).toEqual(['gzip', 'zstd', 'plain']);
    expect(new Set(Object.values(ids)).size).toBe(1);
    const config = imageConfigOf(`oci-archive:${join(folder, 'gzip/edge.oci.tar')}`);
    expect(config).toEqual(imageConfigOf(`docker-archive:${join(folder, 'gzip/edge.docker.tar')}`));
    expect(config.history.map((entry) => entry.created_by.replace('lbuild step ', ''))).toEqual(
      expect.arrayContaining(['bootstrap', 'packages', 'users', 'files', 'site', 'private', 'last']),
    );
  });

  it.each(['gzip', 'zstd', 'plain'])('that podman runs (%s), as the spec says', (tag) => {
    const inside = (...command: string[]) => store.inContainer(`${image.name}:${tag}`, ...command).trim();
    expect(inside()).toBe('hello\ndone');
    expect(inside('/bin/sh', '-c', 'id -un; pwd; echo $MODE; stat -c %a:%U /root /srv/private')).toBe(
      'ops\n/srv/site\nbuilt here\n700:root\n700:ops',
    );
    expect(
      inside('/bin/sh', '-c', 'ls -d /etc/issue.net /etc/skel /boot/vmlinuz* 2>/dev/null; cat /srv/private/file'),
    ).toBe('more');
  });

  it('that hold the tree of the tar, path by path', async () => {
    const mounted = store.run('image', 'mount', `${image.name}:plain`).trim();
    const expected = await listTar(join(folder, 'gzip/edge.tar.zst'), join(folder, 'tree'));
    const found = await listTree(mounted);
    store.run('image', 'unmount', `${image.name}:plain`);
    expect(expected.size).toBeGreaterThan(3_000);
    expect(treeDifferences(expected, found)).toEqual([]);
  });
});
