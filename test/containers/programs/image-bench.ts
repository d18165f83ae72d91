import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { openLayerAccess } from '../../../containers/builder/agent/layer-access.ts';
import { openContainedWorkspace } from '../../../containers/builder/agent/workspace.ts';
import type { docker } from '../../../containers/builder/programs/docker.ts';
import type { oci } from '../../../containers/builder/programs/oci.ts';
import { sha256 } from '../../../core/digest.ts';
import { imageConfigSchema, imageIndexSchema, imageManifestSchema } from '../../support/container-images.ts';
import { captureLayer, restoreStored, shelfOf, storedLayer, type TestLayer } from '../../support/layer-shelf.ts';
import { rawCapability, setXattr } from '../../support/layer-trees.ts';
import { benchEpoch, runProgram } from '../../support/program-bench.ts';
import { stageStep } from '../../support/stage-engine.ts';

const root = mkdtempSync(join(tmpdir(), 'lbuild-oci-'));
let made = 0;

/** Removes all that was made. */
export function removeImages(): void {
  rmSync(root, { recursive: true, force: true });
}

/** An empty folder. */
export function newFolder(): string {
  made += 1;
  const folder = join(root, String(made));
  mkdirSync(folder);
  return folder;
}

/** The layer of what `change` does to the tree that the layers make. */
async function layerOf(step: string, below: readonly TestLayer[], change: (tree: string) => void): Promise<TestLayer> {
  const workspace = await openContainedWorkspace(newFolder());
  const before = await restoreStored(workspace.base, below, benchEpoch);
  const source = await workspace.beginStep('0');
  change(workspace.tree);
  const options = { ...source, tree: workspace.tree, step, folder: newFolder(), before };
  const captured = await captureLayer({ ...options, sourceDateEpoch: benchEpoch, treeBytes: 1e9 });
  return storedLayer(
    captured,
    below.map(({ reference }) => reference.step),
  );
}

/** The layers in the order of a plan. */
export const names = ['base', 'files', 'empty', 'left', 'right', 'join'] as const;
export type LayerName = (typeof names)[number];
const layers: Partial<Record<LayerName, TestLayer>> = {};
/** A layer that was made. */
export const layer = (name: LayerName): TestLayer => {
  const found = layers[name];
  if (found === undefined) throw new Error(`the layer ${name} is not made`);
  return found;
};

/**
 * Makes the layers: of folders with modes and owners of their own, of files changed in them, of nothing, of a folder
 * deleted beside a step that deleted a file in it, and of a step on both.
 */
export async function makeLayers(): Promise<void> {
  layers.base = await layerOf('base', [], (tree) => {
    for (const folder of ['bin', 'etc', 'root', 'srv/old/deep', 'srv/keep', 'var/lib']) {
      mkdirSync(join(tree, folder), { recursive: true });
    }
    for (const path of ['etc/passwd', 'root/.profile', 'srv/gone', 'srv/old/a', 'srv/old/b', 'bin/tool', 'bin/ping']) {
      writeFileSync(join(tree, path), `${path}\n`);
    }
    linkSync(join(tree, 'bin/tool'), join(tree, 'bin/other'));
    linkSync(join(tree, 'bin/ping'), join(tree, 'bin/ping6'));
    chmodSync(join(tree, 'bin/ping'), 0o4711);
    setXattr(join(tree, 'bin/ping'), 'security.capability', rawCapability);
    writeFileSync(join(tree, 'var/lib/large'), Buffer.alloc(5 * 1_048_576 + 17, 'large file '));
    chmodSync(join(tree, 'root'), 0o700);
    chmodSync(join(tree, 'srv'), 0o750);
    chownSync(join(tree, 'srv'), 1234, 70_000);
  });
  // Nothing of the folders themselves changes, so that no layer above says anything of them.
  layers.files = await layerOf('files', [layer('base')], (tree) => {
    writeFileSync(join(tree, 'root/.profile'), 'changed\n');
    writeFileSync(join(tree, 'srv/new'), 'new\n');
    rmSync(join(tree, 'srv/gone'));
  });
  const below = [layer('base'), layer('files')];
  layers.empty = await layerOf('empty', below, () => {});
  layers.left = await layerOf('left', below, (tree) => rmSync(join(tree, 'srv/old'), { recursive: true }));
  layers.right = await layerOf('right', below, (tree) => {
    rmSync(join(tree, 'srv/old/a'));
    writeFileSync(join(tree, 'srv/keep/right'), 'right\n');
  });
  layers.join = await layerOf('join', [...below, layer('left'), layer('right')], (tree) => {
    writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  });
}

/** Options of both programs. */
export const options = {
  fileName: 'edge.tar',
  layers: [...names],
  name: 'registry.example:5000/team/edge',
  tag: '1.0',
  entrypoint: ['/bin/tool', '--serve'],
  cmd: ['all'],
  env: { MODE: 'a=b', LANG: 'C.UTF-8' },
  user: '1000:1000',
  workdir: '/srv',
  exposedPorts: ['443/tcp', '53/udp'],
  labels: { 'org.opencontainers.image.source': 'https://git.example/edge', note: 'kept' },
};

/** Makes an image; answers the file and its folder. */
export async function makeImage(
  program: typeof oci | typeof docker,
  more: Readonly<Record<string, unknown>>,
  order: readonly LayerName[] = names,
) {
  const scratch = newFolder();
  const step = stageStep({ id: 'image', program: 'oci', options: {}, needs: ['empty', 'join'], produces: 'artifact' });
  const access = openLayerAccess(shelfOf(order.map(layer), [step]), step, async () => {});
  const bench = { tree: join(scratch, 'tree'), scratch, layers: access };
  const outcome = await runProgram(program, { ...options, ...more }, bench);
  const file = outcome.artifact?.file;
  if (file === undefined) throw new Error('there is no artifact');
  return { file, outcome };
}

/** The layout of an OCI archive, with every blob checked against its name. */
export function readLayout(file: string) {
  const folder = newFolder();
  execFileSync('tar', ['-xf', file, '-C', folder]);
  const blobs = join(folder, 'blobs/sha256');
  for (const name of readdirSync(blobs)) expect(sha256(readFileSync(join(blobs, name)))).toBe(name);
  const blob = ({ digest, size }: { digest: string; size: number }): Buffer => {
    const bytes = readFileSync(join(blobs, digest.replace(/^sha256:/, '')));
    expect(bytes.length).toBe(size);
    return bytes;
  };
  const json = (bytes: Buffer): unknown => JSON.parse(bytes.toString('utf8'));
  expect(json(readFileSync(join(folder, 'oci-layout')))).toEqual({ imageLayoutVersion: '1.0.0' });
  const index = imageIndexSchema.parse(json(readFileSync(join(folder, 'index.json'))));
  const manifest = imageManifestSchema.parse(json(blob(index.manifests[0])));
  const config = imageConfigSchema.parse(json(blob(manifest.config)));
  const stored = manifest.layers.map(blob);
  expect(readdirSync(blobs)).toHaveLength(2 + new Set(manifest.layers.map(({ digest }) => digest)).size);
  return { index, manifest, config, stored };
}

/** What undoes a compression. */
export const unpackers = {
  gzip: (bytes: Buffer) => gunzipSync(bytes),
  zstd: (bytes: Buffer) => spawnSync('zstd', ['-dc'], { input: bytes, maxBuffer: 1e9 }).stdout,
};

/** Members of a tar, as lines `mode owner/group path`. */
export function membersOf(tar: Buffer): string[] {
  const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: tar, encoding: 'utf8' });
  return listed
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [mode = '', owner = '', , , , ...path] = line.split(/\s+/);
      return `${mode} ${owner} ${path.join(' ')}`;
    });
}
