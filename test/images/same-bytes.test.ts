import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputTypes } from '../../core/spec/releases.ts';
import { findArchives } from '../../local/archive-sources.ts';
import type { EngineClient } from '../../sdk/client.ts';
import { buildDigests } from '../support/build-digests.ts';
import { builderRootForTests } from '../support/builder-parts.ts';
import { engineFolder, inspectStores, removeFolder, startTestEngine } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { everythingSpec, sitePackages } from '../support/everything-spec.ts';
import { type FakeArchive, startFakeArchive } from '../support/fake-archive.ts';
import { type FrozenArchive, startFrozenArchive } from '../support/frozen-archive.ts';
import { copyShiftedRoot, shiftedWorld } from '../support/shifted-world.ts';
import { smallSpec } from '../support/small-spec.ts';

const otherWorld = { days: 40, hostname: 'elsewhere' } as const;

/** What a builder's script sees of where it runs. */
interface Surroundings {
  /** Seconds since 1970. */
  readonly now: number;
  readonly hostname: string;
  readonly processors: number;
}

/** What a build made: digests of all artifacts by name, and of all that its steps made by step. */
interface Made {
  readonly artifacts: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<string, string>>;
}

describe('the spec with every customization and every output comes out the same, byte for byte,', () => {
  /** Not where the folders of the other engines are. */
  const elsewhere = mkdtempSync('/var/tmp/lbuild-elsewhere-');
  let frozen: FrozenArchive;
  let site: FakeArchive;
  let text = '';
  let first: Made;
  let cached: Made;
  let here: Surroundings;

  beforeAll(async () => {
    const { debian } = findArchives();
    if (debian === undefined) throw new Error('this machine’s apt sources name no archive');
    frozen = await startFrozenArchive(debian);
    site = await startFakeArchive(sitePackages, { suite: 'stable' });
    const place = { url: site.url.replace('127.0.0.1', 'localhost'), key: site.key };
    // Boots change no byte; everything.test.ts has them.
    text = JSON.stringify({ ...everythingSpec(place, 'http://boot.example/edge'), tests: [] });
    await withEngine('contained', async (engine) => {
      const id = await build(engine.client, 'contained');
      first = { artifacts: await artifactsOf(engine.client, id), steps: await buildDigests(engine.ports, id) };
      here = await surroundings(engine.client);
      cached = await buildCached(engine.client, id);
    });
  });
  afterAll(async () => {
    await frozen.close();
    await site.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  /** Lets an engine of this process, in an empty folder, work. */
  async function withEngine(
    mode: 'contained' | 'privileged',
    use: (engine: Awaited<ReturnType<typeof startEngineInProcess>>) => Promise<void>,
  ): Promise<void> {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode, archive: frozen.url, privateHosts: 'localhost' });
    try {
      await use(engine);
    } finally {
      await engine.close();
      removeFolder(directory);
    }
  }

  /** Builds the spec by an engine that has nothing in its cache; answers the build's id. */
  async function build(client: EngineClient, how: string): Promise<string> {
    const began = performance.now();
    const started = await client.startBuild({ text, mediaType: 'application/json' });
    const ended = await client.waitForBuild(started.id);
    expect(ended.failure).toBeUndefined();
    const hits = ended.stages.flatMap(({ steps }) => steps).filter(({ hit }) => hit);
    expect(hits.map(({ id }) => id)).toEqual([]);
    console.log(`${how}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    return started.id;
  }

  async function artifactsOf(client: EngineClient, id: string): Promise<Made['artifacts']> {
    const artifacts = await client.listArtifacts(id);
    expect(artifacts.map(({ type }) => type).sort()).toEqual([...outputTypes].sort());
    return Object.fromEntries(artifacts.map(({ name, sha256 }) => [name, sha256]));
  }

  /** Builds once more what lies in the cache but for the artifacts, whose pointers go first. */
  async function buildCached(client: EngineClient, before: string): Promise<Made> {
    const isArtifact = (id: string) => outputTypes.some((type) => type === id);
    const { steps } = await client.previewPlan({ text, mediaType: 'application/json' });
    for (const { key } of steps.filter(({ id }) => isArtifact(id))) await client.removeCached(key);
    const started = await client.startBuild({ text, mediaType: 'application/json' });
    const ended = await client.waitForBuild(started.id);
    expect(ended.failure).toBeUndefined();
    const ran = ended.stages.flatMap((stage) => stage.steps).filter(({ hit }) => !hit);
    expect(ran.map(({ id }) => id).sort()).toEqual([...outputTypes].sort());
    expect(started.id).not.toBe(before);
    return { artifacts: await artifactsOf(client, started.id), steps: {} };
  }

  /** What a script of a build sees. */
  async function surroundings(client: EngineClient): Promise<Surroundings> {
    const run = 'echo "sees $(date +%s) $(uname -n) $(nproc)"';
    const { id } = await client.startBuild(smallSpec([{ id: 'look', run }]));
    expect((await client.waitForBuild(id)).failure).toBeUndefined();
    for await (const { text: line } of client.followLogs(id)) {
      const [, now, name = '', processors] = /^sees (\d+) (\S+) (\d+)$/.exec(line) ?? [];
      if (now !== undefined) return { now: Number(now), hostname: name, processors: Number(processors) };
    }
    throw new Error('the script said nothing');
  }

  /** Fails with the first step that made something else, and with each output that is another. */
  function expectSame(made: Made): void {
    const different = Object.keys(first.steps).filter((step) => made.steps[step] !== first.steps[step]);
    expect.soft(different).toEqual([]);
    expect(made.artifacts).toEqual(first.artifacts);
  }

  it('with other tools’ place and folders, one processor, another host name, and 40 days later', async () => {
    const root = join(elsewhere, 'root');
    copyShiftedRoot(await builderRootForTests(), root, otherWorld.days);
    const directory = join(elsewhere, 'engine');
    const options = ['--builder-root', root, '--archive', frozen.url, '--archive-private-hosts', 'localhost'];
    const engine = await startTestEngine(directory, [...options, '--mode', 'contained'], shiftedWorld(otherWorld));
    let id = '';
    let artifacts: Made['artifacts'] = {};
    try {
      id = await build(engine.client, 'elsewhere');
      artifacts = await artifactsOf(engine.client, id);
      const there = await surroundings(engine.client);
      console.log(`a script here and there: ${JSON.stringify([here, there])}`);
      expect(there.now - here.now).toBeGreaterThan(otherWorld.days * 86_400);
      expect(there).toMatchObject({ hostname: otherWorld.hostname, processors: 1 });
      expect(here).toMatchObject({ hostname: hostname(), processors: availableParallelism() });
      expect(here.processors).toBeGreaterThan(1);
    } finally {
      await engine.stop();
    }
    const stores = await inspectStores(directory);
    const steps = await buildDigests(stores, id).finally(() => stores.close());
    expectSame({ artifacts, steps });
  });

  it('by a builder with all rights', () =>
    withEngine('privileged', async (engine) => {
      const id = await build(engine.client, 'privileged');
      expectSame({ artifacts: await artifactsOf(engine.client, id), steps: await buildDigests(engine.ports, id) });
    }));

  it('from layers of the cache', () => {
    expect(cached.artifacts).toEqual(first.artifacts);
  });
});
