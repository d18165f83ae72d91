import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { embeddedSpecText } from '../../core/plan/embedded-spec.ts';
import { embeddedSpecPath } from '../../core/spec/embedded-spec.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { passwordHashes } from '../core/spec/sample-spec.ts';
import { PodmanStore } from '../support/container-images.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { smallSpec } from '../support/small-spec.ts';

const spec: SpecInput = {
  ...smallSpec([
    { id: 'left', run: 'echo left > /srv/left', needs: [] },
    { id: 'right', run: 'echo right > /srv/right', needs: [] },
  ]),
  users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
  embedSpec: true,
  outputs: [{ type: 'tar' }, { type: 'oci', compression: 'zstd' }, { type: 'iso' }],
};
const text = embeddedSpecText(resolvedSpecSchema.parse(spec)) ?? '';

const folder = mkdtempSync(join(tmpdir(), 'lbuild-embedded-'));
const directories: string[] = [];
/** Digests of artifacts by mode and name. */
const made: Record<'contained' | 'privileged', Record<string, string>> = { contained: {}, privileged: {} };
let more: BuildDetail | undefined;

const stepsOf = (build: BuildDetail) => build.stages.flatMap(({ steps }) => steps);

async function build(engine: EngineInProcess, wanted: SpecInput): Promise<BuildDetail> {
  const { id } = await engine.client.startBuild({ text: JSON.stringify(wanted), mediaType: 'application/json' });
  const ended = await engine.client.waitForBuild(id, { pollMilliseconds: 200 });
  expect(ended.failure).toBeUndefined();
  return ended;
}

async function open(mode: keyof typeof made): Promise<EngineInProcess> {
  const directory = engineFolder();
  directories.push(directory);
  return startEngineInProcess(directory, { mode });
}

beforeAll(async () => {
  for (const mode of ['contained', 'privileged'] as const) {
    const engine = await open(mode);
    try {
      const ended = await build(engine, spec);
      for (const { name, sha256 } of await engine.client.builds.listArtifacts(ended.id)) {
        made[mode][name] = sha256;
        await engine.client.downloadArtifact(ended.id, name, join(folder, mode));
      }
      const step = stepsOf(ended).find(({ id }) => id === 'spec-file');
      const stages = ended.stages.map(({ trust, steps }) => `${trust}: ${steps.map(({ id }) => id).join(' ')}`);
      console.log(`${mode}: spec-file took ${JSON.stringify(step?.milliseconds)} ms; ${stages.join('; ')}`);
      if (mode === 'contained') {
        more = await build(engine, { ...spec, outputs: [...(spec.outputs ?? []), { type: 'docker' }] });
      }
    } finally {
      await engine.close();
    }
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const directory of directories) removeFolder(directory);
});

it('is the same in both modes, in every artifact', () => {
  expect(Object.keys(made.contained).sort()).toEqual(['small.iso', 'small.oci.tar', 'small.tar.zst']);
  expect(made.contained).toEqual(made.privileged);
});

it('is in the tar, for root alone', () => {
  const archive = join(folder, 'contained/small.tar.zst');
  const path = embeddedSpecPath.slice(1);
  const names = execFileSync('tar', ['--zstd', '-tf', archive], { encoding: 'utf8' }).split('\n');
  const name = names.find((one) => one.endsWith(path)) ?? path;
  expect(execFileSync('tar', ['--zstd', '-xOf', archive, name], { encoding: 'utf8' })).toBe(text);
  expect(execFileSync('tar', ['--zstd', '--numeric-owner', '-tvf', archive, name], { encoding: 'utf8' })).toMatch(
    /^-rw------- 0\/0 /,
  );
});

it('is in the container', () => {
  const podman = new PodmanStore();
  try {
    const image = podman.run('load', '--quiet', '--input', join(folder, 'contained/small.oci.tar')).trim();
    const name = image.replace(/^Loaded image: /, '');
    expect(podman.inContainer(name, 'cat', embeddedSpecPath)).toBe(text);
  } finally {
    podman.close();
  }
});

it('is in the modules of the ISO', () => {
  const disc = join(folder, 'contained/small.iso');
  const listed = execFileSync('xorriso', ['-indev', disc, '-find', '/', '-name', '*.squashfs', '-exec', 'echo'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const modules = listed.match(/\/[\w./-]+\.squashfs/g) ?? [];
  expect(modules.length).toBeGreaterThan(1);
  const found = modules.flatMap((module, at) => {
    const file = join(folder, `${at}.squashfs`);
    execFileSync('xorriso', ['-osirrox', 'on', '-indev', disc, '-extract', module, file], { stdio: 'ignore' });
    const list = execFileSync('unsquashfs', ['-l', file], { encoding: 'utf8' });
    if (!list.includes(embeddedSpecPath)) return [];
    return execFileSync('unsquashfs', ['-cat', file, embeddedSpecPath.slice(1)], { encoding: 'utf8' });
  });
  expect(found).toEqual([text]);
});

it('lets another output be made of the cached tree', () => {
  const ran = more === undefined ? [] : stepsOf(more).filter(({ hit }) => !hit);
  expect(ran.map(({ id }) => id)).toEqual(['docker']);
});
