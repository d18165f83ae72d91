import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, project, removeFolder } from './engine.ts';
import { type EngineInProcess, startEngineInProcess } from './engine-in-process.ts';

/** A preset that was built as it stands in its file, tests included. */
export interface BuiltPreset {
  readonly build: BuildDetail;
  /** Path of the downloaded image. */
  readonly image: string;
}

/**
 * An engine for the tests of a file, which build presets, and a folder for what they make.
 * @param settings more of the engine's options, by their names; of the folder
 */
export function presetBench(settings: (folder: string) => Readonly<Record<string, string>> = () => ({})) {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-presets-'));
  const directory = engineFolder();
  let engine: EngineInProcess;
  beforeAll(async () => {
    engine = await startEngineInProcess(directory, { mode: 'contained', settings: settings(folder) });
  });
  afterAll(async () => {
    await engine.close();
    removeFolder(directory);
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, client: () => engine.client, buildPreset: (name: string) => buildPreset(engine, name, folder) };
}

/**
 * Posts the very file of a preset, as a user would, and waits for its build: it must succeed, and its boot tests must have
 * run and not have come from the cache. Downloads its one image.
 */
async function buildPreset(
  { client }: Pick<EngineInProcess, 'client'>,
  name: string,
  folder: string,
): Promise<BuiltPreset> {
  const text = readFileSync(join(project, 'presets', `${name}.yaml`), 'utf8');
  const began = performance.now();
  const { id } = await client.startBuild({ text, mediaType: 'application/yaml' });
  const build = await client.waitForBuild(id);
  const seconds = (performance.now() - began) / 1_000;
  expect(build.failure).toBeUndefined();
  expect(build.state).toBe('succeeded');
  const tests = build.stages.flatMap(({ steps }) => steps).filter(({ program }) => program === 'boot-test');
  expect(tests.map(({ state, hit }) => ({ state, hit }))).toEqual([{ state: 'succeeded', hit: false }]);
  expect(Number(tests[0]?.facts.assertions)).toBeGreaterThan(1);
  const artifacts = await client.builds.listArtifacts(id);
  expect(artifacts).toHaveLength(1);
  const [artifact] = artifacts;
  if (artifact === undefined) throw new Error('the preset made nothing');
  const { path } = await client.downloadArtifact(id, artifact.name, folder);
  console.log(
    `${name}: ${artifact.name} of ${(artifact.size / 1e6).toFixed(0)} MB after ${seconds.toFixed(0)} s, ` +
      tests.map(({ id: step, facts }) => `${step} up after ${facts.bootSeconds} s (${facts.acceleration})`).join(', '),
  );
  return { build, image: path };
}
