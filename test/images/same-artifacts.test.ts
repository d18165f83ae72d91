import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { neededBy } from '../../core/builds/step-cache.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { type Fusing, fusings } from '../../core/plan/stages.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { type RandomBuild, randomBuild } from '../support/random-build.ts';
import { smallSpec } from '../support/small-spec.ts';

/** Builds that are tried in every way. Each takes some ten seconds on two cores. */
const samples = 3;

/** What is the same for all builds here and holds no byte of them: made once, before the engines part. */
const shared = ['bootstrap', 'packages'];

/**
 * What a build makes depends neither on how its steps are fused into stages, nor on what is cached, nor on the mode of
 * the builders.
 *
 * One engine builds what the pool shares, is stopped, and its folder is copied: so the engines begin with bootstrap and
 * packages, which take a third of a minute, and with nothing else. Every sample has a host name of its own, which is an
 * input of the step above these two: whatever lies above is made anew by each engine, and the test asserts that it was.
 * The package cache is one for all.
 */
const modes = { 'by-cost': 'contained', never: 'contained', always: 'privileged' } as const;
const folders = { 'by-cost': engineFolder(), never: engineFolder(), always: engineFolder() };
const engines = new Map<Fusing, EngineInProcess>();

beforeAll(async () => {
  const first = folders['by-cost'];
  const seeding = await startEngineInProcess(first, { mode: 'contained', slots: 2 });
  const body = JSON.stringify(smallSpec([]));
  const [warming] = (await seeding.client.cache.warm({ spec: { text: body, mediaType: 'application/json' } })).builds;
  const warmed = await seeding.client.waitForBuild(warming?.id ?? '', { pollMilliseconds: 200 });
  const tenant = { tenantId: seeding.tenantId, apiKey: seeding.apiKey };
  await seeding.close();
  expect([warmed.failure, warmed.state]).toEqual([undefined, 'succeeded']);
  for (const fusing of fusings) {
    const folder = folders[fusing];
    // Times too: the store knows by them that nobody wrote to a body.
    if (folder !== first) execFileSync('cp', ['-a', '--reflink=auto', `${first}/.`, folder]);
    engines.set(fusing, await startEngineInProcess(folder, { mode: modes[fusing], slots: 2, tenant, fusing }));
  }
});
afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
  for (const folder of Object.values(folders)) removeFolder(folder);
});

function engineOf(fusing: Fusing): EngineInProcess {
  const engine = engines.get(fusing);
  if (engine === undefined) throw new Error(`there is no engine that fuses ${fusing}`);
  return engine;
}

/** A build and all that it made: by step its layer or artifact, with every digest, and the files for download. */
interface Made {
  readonly plan: Plan;
  readonly stages: BuildDetail['stages'];
  /** Steps that ran; all others were taken from the cache. */
  readonly ran: readonly string[];
  readonly results: Readonly<Record<string, unknown>>;
  readonly artifacts: readonly { readonly name: string; readonly sha256: string; readonly size: number }[];
}

async function make(fusing: Fusing, spec: object): Promise<Made> {
  const { client, ports, tenantId } = engineOf(fusing);
  const started = await client.startBuild({ text: JSON.stringify(spec), mediaType: 'application/json' });
  const { failure, state, stages } = await client.waitForBuild(started.id, { pollMilliseconds: 200 });
  expect([failure, state]).toEqual([undefined, 'succeeded']);
  const plan = await loadPlan(ports.blobs, started.id);
  const results = await Promise.all(
    plan.steps.map(async (step) => {
      const result = await findResult(ports.table, scopeOf(step, tenantId), step.key);
      return [step.id, result?.layer ?? result?.artifact] as const;
    }),
  );
  return {
    plan,
    stages,
    ran: stages.flatMap(({ steps }) => steps.filter(({ hit }) => !hit).map(({ id }) => id)),
    results: Object.fromEntries(results),
    artifacts: (await client.builds.listArtifacts(started.id)).map(({ name, sha256, size }) => ({
      name,
      sha256,
      size,
    })),
  };
}

/** Drops pointers of some steps' keys; answers whose. */
async function lose(fusing: Fusing, { plan }: Made, numbers: readonly number[]): Promise<readonly string[]> {
  const own = plan.steps.filter((step) => step.scope === 'tenant');
  const artifact = own.filter((step) => step.produces === 'artifact');
  const lost = new Set([...artifact, ...numbers.flatMap((number) => own[number % own.length] ?? [])]);
  for (const step of lost) await engineOf(fusing).client.cache.remove(step.key);
  return plan.steps.filter((step) => lost.has(step)).map(({ id }) => id);
}

/** Steps that run where the cache lost some: in their stages also the layers that are built on one of those. */
function runAgain({ plan }: Made, lost: readonly string[]): readonly string[] {
  const runs = new Set(lost);
  for (const stage of plan.stages) {
    for (const step of stage.steps.map((id) => planStep(plan, id))) {
      const below = neededBy(plan, [step]);
      if (step.produces === 'layer' && stage.steps.some((id) => runs.has(id) && below.has(id))) runs.add(step.id);
    }
  }
  return [...runs];
}

/** Which steps share a stage, as text. */
async function cutOf(fusing: Fusing, spec: object): Promise<string> {
  const text = JSON.stringify(spec);
  const { stages } = await engineOf(fusing).client.builds.preview({ text, mediaType: 'application/json' });
  return JSON.stringify(stages.map(({ steps }) => steps));
}

let tried = 0;

async function buildInEveryWay({ sections, steps, lost }: RandomBuild): Promise<void> {
  tried += 1;
  const began = Date.now();
  const spec = { ...smallSpec(steps), ...sections, system: { hostname: `sample-${tried}` } };
  const cuts = await Promise.all(fusings.map(async (fusing) => [fusing, await cutOf(fusing, spec)] as const));
  // What is cut as by cost shows nothing more.
  const others = cuts.filter(([fusing, cut]) => fusing !== 'by-cost' && cut !== cuts[0]?.[1]).map(([fusing]) => fusing);
  const [byCost, ...rest] = await Promise.all([make('by-cost', spec), ...others.map((fusing) => make(fusing, spec))]);
  const own = byCost.plan.steps.map(({ id }) => id).filter((id) => !shared.includes(id));
  for (const [at, made] of [byCost, ...rest].entries()) {
    const how = others[at - 1] ?? 'by-cost';
    expect([...made.ran].sort(), `${how}: steps that ran`).toEqual([...own].sort());
    expect(made.results, `${how}: what each step made`).toEqual(byCost.results);
    expect(made.artifacts, `${how}: artifacts`).toEqual(byCost.artifacts);
    for (const { steps: fused } of how === 'never' ? made.stages : []) expect(fused).toHaveLength(1);
    // Trust is what no fusing goes over.
    if (how === 'always') expect(made.stages.map(({ trust }) => trust)).toEqual(['service', 'tenant', 'seal']);
  }
  expect(others).toContain('never');
  expect(Object.values(byCost.results)).not.toContain(undefined);
  expect(byCost.artifacts.map(({ name }) => name)).toEqual(['small.tar.zst']);

  const gone = await lose('by-cost', byCost, lost);
  const partly = await make('by-cost', spec);
  expect([...partly.ran].sort()).toEqual([...runAgain(byCost, gone)].sort());
  const cached = await make('by-cost', spec);
  expect(cached.ran).toEqual([]);
  for (const made of [partly, cached]) {
    expect(made.results).toEqual(byCost.results);
    expect(made.artifacts).toEqual(byCost.artifacts);
  }
  const ways = ['by-cost', ...others].map((how, at) => `${how} ${[byCost, ...rest][at]?.stages.length}`).join(', ');
  const seconds = Math.round((Date.now() - began) / 1_000);
  console.log(`${steps.length} user steps, stages: ${ways}; made again: ${gone.join(', ')}; ${seconds} s`);
}

it('fused, unfused, cached or not, a build makes the same layers and the same artifacts (property)', async () => {
  // A failure names its seed. It is not made smaller: that would take minutes.
  await fc.assert(fc.asyncProperty(randomBuild, buildInEveryWay), { numRuns: samples, endOnFailure: true });
  expect(tried).toBe(samples);
});
