import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { docker } from '../../../containers/builder/programs/docker.ts';
import { oci } from '../../../containers/builder/programs/oci.ts';
import { sha256 } from '../../../core/digest.ts';
import { imageConfigSchema, PodmanStore } from '../../support/container-images.ts';
import { restoreStored } from '../../support/layer-shelf.ts';
import { benchEpoch } from '../../support/program-bench.ts';
import { listTree } from '../../support/tree-listing.ts';
import {
  type LayerName,
  layer,
  makeImage,
  makeLayers,
  membersOf,
  names,
  newFolder,
  options,
  readLayout,
  removeImages,
  unpackers,
} from './image-bench.ts';

beforeAll(makeLayers);
afterAll(removeImages);

/** Unpacks layers one over the other, as the layer specification says. */
function unpackAll(tars: readonly Buffer[]): string {
  const tree = newFolder();
  for (const tar of tars) {
    const paths = membersOf(tar).map((member) => member.split(' ').slice(2).join(' '));
    for (const path of paths.filter((one) => one.includes('.wh.'))) {
      rmSync(join(tree, dirname(path), path.replace(/^.*\.wh\./, '')), { recursive: true });
    }
    const extract = ['-xpf', '-', '-C', tree, '--numeric-owner', '--xattrs', '--xattrs-include=*', '--exclude=.wh.*'];
    execFileSync('tar', extract, { input: tar });
  }
  return tree;
}

describe('an OCI archive', () => {
  it.each(['gzip', 'zstd'] as const)('with %s holds a sound layout, as skopeo reads it', async (compression) => {
    const { file, outcome } = await makeImage(oci, { compression });
    const { index, manifest, config, stored } = readLayout(file);
    expect(outcome.artifact).toMatchObject({ name: 'edge.tar', mediaType: 'application/x-tar' });
    expect(outcome.facts).toEqual({ layers: '5', manifest: index.manifests[0].digest });
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(
      Array(5).fill(`application/vnd.oci.image.layer.v1.tar+${compression}`),
    );
    const tars = stored.map(unpackers[compression]);
    expect(config.rootfs.diff_ids).toEqual(tars.map((tar) => `sha256:${sha256(tar)}`));
    expect(config.history.map((entry) => entry.created_by)).toEqual(
      ['base', 'files', 'left', 'right', 'join'].map((step) => `lbuild step ${step}`),
    );
    const inspected = z
      .looseObject({ Created: z.string(), Architecture: z.string(), Os: z.string(), Layers: z.array(z.string()) })
      .parse(JSON.parse(execFileSync('skopeo', ['inspect', `oci-archive:${file}`], { encoding: 'utf8' })));
    expect(inspected).toMatchObject({
      ...{ Created: '2025-01-01T00:00:00Z', Architecture: 'amd64', Os: 'linux', Labels: options.labels },
      Layers: manifest.layers.map(({ digest }) => digest),
    });
    // A copy reads every blob and checks its digest.
    execFileSync('skopeo', ['copy', '--quiet', `oci-archive:${file}`, `dir:${newFolder()}`]);
  });

  it('says how a container starts, when it was made, and what is known of it', async () => {
    const { index, manifest, config } = readLayout((await makeImage(oci, { compression: 'zstd' })).file);
    expect(config).toMatchObject({ created: '2025-01-01T00:00:00Z', architecture: 'amd64', os: 'linux' });
    expect(config.config).toEqual({
      User: '1000:1000',
      ExposedPorts: { '443/tcp': {}, '53/udp': {} },
      Env: ['LANG=C.UTF-8', 'MODE=a=b', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: ['/bin/tool', '--serve'],
      Cmd: ['all'],
      WorkingDir: '/srv',
      Labels: options.labels,
    });
    expect(manifest.annotations).toEqual({
      'org.opencontainers.image.created': '2025-01-01T00:00:00Z',
      'org.opencontainers.image.source': 'https://git.example/edge',
      'org.opencontainers.image.title': 'edge',
    });
    expect(index.manifests[0]).toMatchObject({
      platform: { architecture: 'amd64', os: 'linux' },
      annotations: {
        'io.containerd.image.name': 'registry.example:5000/team/edge:1.0',
        'org.opencontainers.image.ref.name': '1.0',
      },
    });
  });

  it('takes the stored layer as it is where it says all, and behind its folders where it does not', async () => {
    const { manifest, stored } = readLayout((await makeImage(oci, { compression: 'zstd' })).file);
    const { reference } = layer('base');
    expect(manifest.layers[0]?.digest).toBe(`sha256:${reference.digest}`);
    const files = readFileSync(layer('files').layerFile);
    expect(stored[1]?.subarray(-files.length).equals(files)).toBe(true);
    expect(stored[1]?.length).toBeGreaterThan(files.length);
  });

  it('has in each layer the folders above its entries, as the tree has them', async () => {
    const { stored } = readLayout((await makeImage(oci, { compression: 'gzip' })).file);
    const [, files, , right] = stored.map((bytes) => membersOf(gunzipSync(bytes)));
    const file = '-rw-r--r-- 0/0';
    expect(files).toEqual([
      'drwx------ 0/0 root/',
      'drwxr-x--- 1234/70000 srv/',
      `${file} root/.profile`,
      '---------- 0/0 srv/.wh.gone',
      `${file} srv/new`,
    ]);
    // The step beside it deleted the folder whole.
    expect(right).toEqual(['drwxr-x--- 1234/70000 srv/', 'drwxr-xr-x 0/0 srv/keep/', `${file} srv/keep/right`]);
  });

  it.each(['gzip', 'zstd'] as const)('with %s unpacks to the tree that its layers make', async (compression) => {
    const { stored } = readLayout((await makeImage(oci, { compression })).file);
    const unpacked = await listTree(unpackAll(stored.map(unpackers[compression])));
    const tree = newFolder();
    const whole = await restoreStored(tree, names.map(layer), benchEpoch);
    const expected = await listTree(tree);
    expect([...unpacked.keys()]).toEqual([...expected.keys()]);
    const contents = (listed: Map<string, string>) =>
      // A folder's time is set by what is unpacked into it.
      Object.fromEntries([...listed].filter(([path]) => whole.get(path)?.type !== 'directory'));
    expect(contents(unpacked)).toEqual(contents(expected));
    expect(unpacked.has('srv/gone')).toBe(false);
    expect(unpacked.has('srv/old')).toBe(false);
    expect(unpacked.get('bin/ping')).toContain('security.capability');
  });

  it.each([
    ['oci', oci, { compression: 'gzip' }],
    ['oci', oci, { compression: 'zstd' }],
    ['docker', docker, {}],
  ] as const)('and an image for docker are the same twice: %s %#', async (_, program, more) => {
    const digest = async (order: readonly LayerName[]) =>
      sha256(readFileSync((await makeImage(program, more, order)).file));
    // What was cached, and so lies in the stage's manifest in another order, makes no difference.
    expect(await digest(['base', 'files', 'right', 'left', 'empty', 'join'])).toBe(await digest(names));
  });

  it('refuses a stored layer that is not what its digest says', async () => {
    const { layerFile } = layer('files');
    const bytes = readFileSync(layerFile);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 3] = (damaged[damaged.length - 3] ?? 0) ^ 1;
    writeFileSync(layerFile, damaged);
    try {
      for (const compression of ['gzip', 'zstd']) {
        await expect(makeImage(oci, { compression })).rejects.toMatchObject({ code: 'layer.damaged' });
      }
    } finally {
      writeFileSync(layerFile, bytes);
    }
  });

  it('refuses to stack other layers than it is built on', async () => {
    const some = { compression: 'gzip', layers: ['base', 'files', 'empty', 'left', 'join'] };
    await expect(makeImage(oci, some)).rejects.toThrow('stacks other layers');
  });
});

describe('an image for docker', () => {
  it('has plain layers, and the configuration of the OCI archive', async () => {
    const folder = newFolder();
    const { file } = await makeImage(docker, {});
    execFileSync('tar', ['-xf', file, '-C', folder]);
    const read = (name: string) => readFileSync(join(folder, name));
    const [image] = z
      .tuple([z.strictObject({ Config: z.string(), RepoTags: z.array(z.string()), Layers: z.array(z.string()) })])
      .parse(JSON.parse(read('manifest.json').toString('utf8')));
    expect(image.RepoTags).toEqual(['registry.example:5000/team/edge:1.0']);
    expect(image.Config).toBe(`${sha256(read(image.Config))}.json`);
    const config = imageConfigSchema.parse(JSON.parse(read(image.Config).toString('utf8')));
    expect(config.rootfs.diff_ids).toEqual(image.Layers.map((name) => `sha256:${sha256(read(name))}`));
    expect(config).toEqual(readLayout((await makeImage(oci, { compression: 'gzip' })).file).config);
  });

  it('is read by skopeo', async () => {
    const { file } = await makeImage(docker, {});
    const inspected = execFileSync('skopeo', ['inspect', '--config', `docker-archive:${file}`], { encoding: 'utf8' });
    expect(JSON.parse(inspected)).toMatchObject({ architecture: 'amd64', rootfs: { type: 'layers' } });
  });
});

describe('podman', () => {
  it.each([
    ['gzip', oci, { compression: 'gzip' }],
    ['zstd', oci, { compression: 'zstd' }],
    ['plain', docker, {}],
  ] as const)(
    'loads an image (%s) under its name, and shows the tree that its layers make',
    async (tag, program, more) => {
      const { file } = await makeImage(program, { ...more, tag });
      const tree = newFolder();
      await restoreStored(tree, names.map(layer), benchEpoch);
      const store = new PodmanStore();
      try {
        const image = `registry.example:5000/team/edge:${tag}`;
        expect(store.run('load', '--quiet', '--input', file)).toContain(image);
        const found = await listTree(store.run('image', 'mount', image).trim());
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(await listTree(tree)));
      } finally {
        store.close();
      }
    },
  );
});
