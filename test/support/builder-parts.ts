import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import { captureLayer, storedLayer, type TestLayer } from './layer-shelf.ts';
import { stageEpoch } from './stage-engine.ts';

const project = join(import.meta.dirname, '../..');

/** The builder root of this clone, made where it is not there. */
export async function builderRootForTests(): Promise<string> {
  return (await ensureBuilderRoot({ project, log: () => undefined })).directory;
}

/** The agent as one file in a folder. */
export async function bundleAgent(folder: string): Promise<string> {
  const outfile = join(folder, 'agent.mjs');
  await build({
    entryPoints: [join(project, 'containers/builder/agent/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}

/** Commands of the small tree; perl can make any system call. */
const commands = [
  'dash',
  'perl',
  'cat',
  'id',
  'mkdir',
  'rm',
  'ln',
  'mv',
  'chmod',
  'touch',
  'sleep',
  'mknod',
  'setsid',
  'kill',
];

/**
 * Makes a tree of a few commands of the builder root and the libraries that they need: enough for scripts, 12 MB.
 */
export function makeSmallTree(builderRoot: string, tree: string): void {
  for (const folder of [
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    'etc',
    'tmp',
    'var/tmp',
    'var/log',
    'dev',
    'root',
    'srv',
  ]) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  const link = (target: string, path: string) => spawnSync('ln', ['-sfn', target, join(tree, path)]);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) link(`usr/${name}`, name);
  const copy = (path: string) => {
    const place = join(tree, path);
    mkdirSync(dirname(place), { recursive: true });
    spawnSync('cp', ['-rLp', '--remove-destination', join(builderRoot, path), place]);
  };
  for (const name of commands) if (existsSync(join(builderRoot, 'usr/bin', name))) copy(`usr/bin/${name}`);
  link('dash', 'usr/bin/sh');
  const [triplet = ''] = readdirSync(join(builderRoot, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  copy(`usr/lib/${triplet}/perl-base`);
  const listed = spawnSync('chroot', [builderRoot, '/usr/bin/ldd', ...commands.map((name) => `/usr/bin/${name}`)]);
  for (const match of listed.stdout.toString('utf8').matchAll(/(\/\S+\.so[.0-9]*)/g)) {
    copy((match[1] ?? '').slice(1));
  }
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\n');
  spawnSync('mknod', ['-m', '666', join(tree, 'dev/null'), 'c', '1', '3']);
}

/** A tree as the layer of a step `base`, with its blobs by digest. */
export async function layerOf(tree: string, folder: string): Promise<{ layer: TestLayer; blobs: Map<string, Buffer> }> {
  mkdirSync(folder, { recursive: true });
  const captured = await captureLayer({
    ...{ tree, folder, step: 'base', before: new Map() },
    since: { seconds: 0, nanoseconds: 0 },
    sourceDateEpoch: stageEpoch,
    treeBytes: 1e10,
  });
  const layer = storedLayer(captured);
  const { reference, layerFile, indexFile } = layer;
  const blobs = new Map([
    [reference.digest, readFileSync(layerFile)],
    [reference.index, readFileSync(indexFile)],
  ]);
  return { layer, blobs };
}
