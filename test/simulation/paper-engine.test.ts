import { describe, expect, it, onTestFinished } from 'vitest';
import { drawGraph, shapes } from '../../bench/simulation/graph-shapes.ts';
import { historyBound } from '../../bench/simulation/history-bound.ts';
import { type PaperEngine, type PaperEngineOptions, startPaperEngine } from '../../bench/simulation/paper-engine.ts';
import { Random } from '../../bench/simulation/random.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { buildsInState } from '../../core/builds/build-repository.ts';
import { buildKey } from '../../core/builds/keys.ts';
import { getStage, listAttempts, listStages } from '../../core/builds/stage-repository.ts';
import { overdueEvents } from '../../core/events/outbox.ts';

const hour = 3_600_000;
const limits = { concurrentBuilds: 3, concurrentBuildsPerTenant: 2, stagesPerBuild: 4 };
const calm = { tableFaults: { conflict: 0, kill: 0 }, busFaults: { lost: 0, twice: 0, slowest: 100 } };
const storm = { tableFaults: { conflict: 0.05, kill: 0.03 }, busFaults: { lost: 0.1, twice: 0.3, slowest: 20_000 } };

const sound = {
  startUp: 30_000,
  failsToStart: false,
  interruptedAfter: Number.POSITIVE_INFINITY,
  lostAfter: undefined,
  stepFails: false,
};

interface Finished {
  readonly engine: PaperEngine;
  readonly builds: readonly BuildRecord[];
}

/** Runs five builds, one of each shape, of two tenants; checks at each task what must hold while they run. */
async function fiveBuilds(seed: number, options: Partial<PaperEngineOptions>): Promise<Finished> {
  const engine: PaperEngine = await startPaperEngine({
    seed,
    limits,
    ...calm,
    draw: () => ({ draw: sound, stepMilliseconds: 5_000 }),
    onTask: async (buildId, stageId) => {
      const { value } = await getStage(engine.table, buildId, stageId);
      const waits = [...value.needs, ...(value.after ?? [])];
      const needs = await Promise.all(waits.map((need) => getStage(engine.table, buildId, need)));
      for (const need of needs) if (need.value.state !== 'succeeded') broken.push(`${stageId} before ${need.value.id}`);
      const running = (await buildsInState(engine.table, 'running', 100)).map((build) => build.value.tenantId);
      if (running.length > 3) broken.push(`${running.length} builds run`);
      const own = running.filter((tenant) => tenant === 'b').length;
      if (own > 2) broken.push(`${own} builds of one tenant run`);
    },
    ...options,
  });
  onTestFinished(() => engine.close());
  const broken: string[] = [];
  const ids: string[] = [];
  for (const [number, shape] of shapes.entries()) {
    const graph = drawGraph(shape, 5, new Random(number));
    ids.push(await engine.submit(number === 0 ? 'a' : 'b', `build-${number}`, graph));
  }
  const ended = await engine.finish(ids, 10 * hour);
  // What is late, doubled or swept still comes.
  await engine.pass(6 * 60_000);
  expect(broken).toEqual([]);
  return {
    engine,
    builds: ids.map((id) => ended.find((build) => build.id === id)).filter((build) => build !== undefined),
  };
}

/** What must hold of builds that are over, whatever happened to them. */
async function expectTidy({ engine, builds }: Finished): Promise<void> {
  expect(engine.tasks.size).toBe(0);
  expect(await overdueEvents(engine.table, new Date(8.64e15))).toEqual([]);
  for (const { id } of builds) {
    const open = (await listAttempts(engine.table, id)).filter(({ value }) => value.state === 'live');
    expect(open).toEqual([]);
    const edges = await engine.table.query({ partition: buildKey(id).partition, sortPrefix: 'EDGE#', limit: 100 });
    expect(edges.records).toEqual([]);
    for (const stage of await listStages(engine.table, id)) {
      expect(stage.pending).toBe(0);
      expect(['succeeded', 'failed', 'cancelled', 'skipped']).toContain(stage.value.state);
    }
    expect(engine.histories.cost(id).events).toBeLessThan(historyBound(engine.flow).worst.events);
  }
}

// Seconds each on a quiet machine.
describe("the engine's own functions on paper time", { timeout: 120_000 }, () => {
  it('build everything, one task a stage, in the way that the simulation takes a stage to go', async () => {
    const finished = await fiveBuilds(1, {});
    const { engine, builds } = finished;
    expect(builds.map(({ state }) => state)).toEqual(new Array(5).fill('succeeded'));
    await expectTidy(finished);
    const ways = builds
      .flatMap(({ id }) => engine.histories.visits(id))
      .map((visits) => visits.map(({ state }) => state));
    const ran = ways.filter((way) => way.includes('RunStage'));
    // The base is the same in all builds: who comes later finds it made.
    const [stages, hits] = [ways.length, ways.length - ran.length];
    expect(stages).toBe((await Promise.all(builds.map(({ id }) => listStages(engine.table, id)))).flat().length);
    expect(engine.tasks.count).toBe(ran.length);
    expect(hits).toBeLessThan(stages / 2);
    const known = ['PrepareStage RunStage SettleStage', 'PrepareStage SettleStage'];
    for (const way of ways) {
      expect(known).toContain(way.filter((state) => state !== 'AwaitDependencies').join(' '));
    }
    expect(ways.filter((way) => way[0] !== 'AwaitDependencies')).toHaveLength(5);
  });

  it.each([1, 2])(
    'end as they should through conflicts, kills, lost, doubled and late events: seed %i',
    async (seed) => {
      const finished = await fiveBuilds(seed, storm);
      expect(finished.builds.map(({ state, failure }) => [state, failure?.reason])).toEqual(
        new Array(5).fill(['succeeded', undefined]),
      );
      await expectTidy(finished);
    },
  );

  it('try lost builders again, and end a build whose step fails', async () => {
    let tasks = 0;
    const finished = await fiveBuilds(5, {
      ...storm,
      draw: (_, attempt) => {
        tasks += 1;
        const faults = [
          { failsToStart: attempt === 1 && tasks % 5 === 0 },
          { interruptedAfter: attempt === 1 && tasks % 7 === 0 ? 3_000 : Number.POSITIVE_INFINITY },
          { lostAfter: attempt === 1 && tasks % 11 === 0 ? 0.5 : undefined },
          { stepFails: tasks === 23 },
        ];
        return { draw: Object.assign({ ...sound }, ...faults), stepMilliseconds: 5_000 };
      },
    });
    await expectTidy(finished);
    const failed = finished.builds.filter(({ state }) => state !== 'succeeded');
    expect(failed.map(({ state, failure }) => [state, failure?.code])).toEqual([['failed', 'script.failed']]);
    const visits = finished.builds.flatMap(({ id }) => finished.engine.histories.visits(id)).flat();
    expect(visits.filter(({ state }) => state === 'ClassifyStage').length).toBeGreaterThan(5);
  });

  it('start builds where more may run than a query answers', async () => {
    const { builds } = await fiveBuilds(6, { limits: { ...limits, concurrentBuilds: 10_000 } });
    expect(builds.map(({ state }) => state)).toEqual(new Array(5).fill('succeeded'));
  });

  it('come to the same from the same seed', async () => {
    const first = await fiveBuilds(9, storm);
    const second = await fiveBuilds(9, storm);
    expect(second.builds).toEqual(first.builds);
    expect(second.engine.counting.total()).toEqual(first.engine.counting.total());
  });
});
