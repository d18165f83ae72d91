import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputTypes } from '../../core/spec/releases.ts';
import { findArchives } from '../../local/archive-sources.ts';
import type { LinuxBuilderClient } from '../../sdk/client.ts';
import { buildDigests } from '../support/build-digests.ts';
import { builderRootForTests } from '../support/builder-parts.ts';
import { engineFolder, inspectStores, removeFolder, startTestEngine } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { everythingSpec, everythingUpload, sitePackages } from '../support/everything-spec.ts';
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
  let firstId = '';
  let cached: Made;
  let privileged: Made;
  let moved: Made;
  let here: Surroundings;
  let there: Surroundings;

  beforeAll(async () => {
    const { debian } = findArchives();
    if (debian === undefined) throw new Error('this machine’s apt sources name no archive');
    frozen = await startFrozenArchive(debian);
    site = await startFakeArchive(sitePackages, { suite: 'stable' });
    const place = { url: site.url.replace('127.0.0.1', 'localhost'), key: site.key };
    // Boots change no byte; everything.test.ts has them.
    text = JSON.stringify({ ...everythingSpec(place, 'http://boot.example/edge'), tests: [] });
    await withEngine('contained', async (engine) => {
      first = await build(engine, 'contained');
      here = await surroundings(engine.client);
      // One of them has one processor, so that the others have the other.
      const others = [buildElsewhere(), buildPrivileged().then(() => buildCached(engine.client))];
      // None is left running where another fails.
      for (const outcome of await Promise.allSettled(others)) if (outcome.status === 'rejected') throw outcome.reason;
    });
  });
  afterAll(async () => {
    await frozen?.close();
    await site?.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  /** Lets an engine of this process, in an empty folder, work. */
  async function withEngine(
    mode: 'contained' | 'privileged',
    use: (engine: EngineInProcess) => Promise<void>,
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

  /** Builds the spec by a client whose engine has nothing in its cache; answers the build's id. */
  async function start(client: LinuxBuilderClient, how: string): Promise<string> {
    await client.uploads.send(new Blob([everythingUpload]), { name: 'sent' });
    const began = performance.now();
    const started = await client.startBuild({ text, mediaType: 'application/json' });
    const ended = await client.waitForBuild(started.id);
    expect(ended.failure).toBeUndefined();
    const hits = ended.stages.flatMap(({ steps }) => steps).filter(({ hit }) => hit);
    expect(hits.map(({ id }) => id)).toEqual([]);
    console.log(`${how}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    return started.id;
  }

  async function build({ client, ports }: EngineInProcess, how: string): Promise<Made> {
    const id = await start(client, how);
    firstId ||= id;
    return { artifacts: await artifactsOf(client, id), steps: await buildDigests(ports, id) };
  }

  const buildPrivileged = () =>
    withEngine('privileged', async (engine) => {
      privileged = await build(engine, 'privileged');
    });

  /** Builds in another world, with another builder root in another place. */
  async function buildElsewhere(): Promise<void> {
    const root = join(elsewhere, 'root');
    copyShiftedRoot(await builderRootForTests(), root, otherWorld.days);
    const directory = join(elsewhere, 'engine');
    const options = ['--builder-root', root, '--archive', frozen.url, '--archive-private-hosts', 'localhost'];
    const engine = await startTestEngine(directory, [...options, '--mode', 'contained'], shiftedWorld(otherWorld));
    let id = '';
    let artifacts: Made['artifacts'] = {};
    try {
      id = await start(engine.client, 'elsewhere');
      artifacts = await artifactsOf(engine.client, id);
      there = await surroundings(engine.client);
    } finally {
      await engine.stop();
    }
    const stores = await inspectStores(directory);
    moved = { artifacts, steps: await buildDigests(stores, id).finally(() => stores.close()) };
  }

  async function artifactsOf(client: LinuxBuilderClient, id: string): Promise<Made['artifacts']> {
    const artifacts = await client.builds.listArtifacts(id);
    expect(artifacts.map(({ type }) => type).sort()).toEqual([...outputTypes].sort());
    return Object.fromEntries(artifacts.map(({ name, sha256 }) => [name, sha256]));
  }

  /** Builds once more from the first build's lock and the layers in the cache: the pointers to the artifacts go first. */
  async function buildCached(client: LinuxBuilderClient): Promise<void> {
    const { steps } = await client.builds.preview({ text, mediaType: 'application/json' });
    const exports = steps.filter(({ id }) => outputTypes.some((type) => type === id));
    for (const { key } of exports) await client.cache.remove(key);
    const { lock, sha256 } = await client.builds.readLock(firstId);
    expect(await client.locks.upload(lock)).toEqual({ sha256, recorded: true });
    const { id } = await client.startBuild({ text, mediaType: 'application/json' }, { lock: sha256 });
    const ended = await client.waitForBuild(id);
    expect(ended.failure).toBeUndefined();
    const ran = ended.stages.flatMap((stage) => stage.steps).filter(({ hit }) => !hit);
    expect(ran.map((step) => step.id).sort()).toEqual([...outputTypes].sort());
    cached = { artifacts: await artifactsOf(client, id), steps: first.steps };
  }

  /** What a script of a build sees. */
  async function surroundings(client: LinuxBuilderClient): Promise<Surroundings> {
    const run = 'echo "sees $(date +%s) $(uname -n) $(nproc)"';
    const { id } = await client.startBuild(smallSpec([{ id: 'look', run }]));
    expect((await client.waitForBuild(id)).failure).toBeUndefined();
    for await (const { text: line } of client.streamLogs(id)) {
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

  it('with the tools and all folders in other places, one processor, another host name, and 40 days later', () => {
    console.log(`a script here and there: ${JSON.stringify([here, there])}`);
    expect(there.now - here.now).toBeGreaterThan(otherWorld.days * 86_400);
    expect(there).toMatchObject({ hostname: otherWorld.hostname, processors: 1 });
    expect(here).toMatchObject({ hostname: hostname(), processors: availableParallelism() });
    expect(here.processors).toBeGreaterThan(1);
    expectSame(moved);
  });

  it('by a builder with all rights', () => expectSame(privileged));

  it('from its lock and layers of the cache', () => expectSame(cached));
});
