import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bootstrapFirstKey } from '../../core/access/first-key.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { orphanKey, resultKey } from '../../core/builds/keys.ts';
import { blobPlace } from '../../core/builds/places.ts';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult, listArtifacts } from '../../core/builds/stage-repository.ts';
import { hitRates } from '../../core/cache/hit-rates.ts';
import { cachedBlobs } from '../../core/cache/stored-results.ts';
import { systemKeyId } from '../../core/cache/warming.ts';
import { scheduleEnvelope } from '../../core/events/envelope.ts';
import type { Ports } from '../../core/ports/ports.ts';
import type { Table } from '../../core/ports/table.ts';
import { giveSlots, takeSlots } from '../../core/queue/slots.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import { handle as dispatchBuilds } from '../../functions/events/dispatch-builds/dispatch-builds.ts';
import { handle as evictCache } from '../../functions/events/evict-cache/evict-cache.ts';
import { handle as warmCache } from '../../functions/events/warm-cache/warm-cache.ts';
import { handle as prepareStage } from '../../functions/orchestration/prepare-stage/prepare-stage.ts';
import { buildablePresets } from '../../functions/shared/presets.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await openControlPlane(archive, { concurrentBuilds: 1, concurrentBuildsPerTenant: 1 });
});
afterAll(() => plane.close());
beforeEach(() => {
  plane.agent.scripts.clear();
  plane.agent.began.length = 0;
});

const hour = 3_600_000;
const tenant = 'ten_1';
/** The second of the three stages that a spec with one script has. */
const scriptStage = 's2';
const specOf = (hostname: string, run = 'echo one'): ResolvedSpec =>
  specWith({ name: hostname, system: { hostname }, steps: [{ id: 'script', run }], outputs: [{ type: 'tar' }] });

async function build(spec: ResolvedSpec): Promise<BuildDetail> {
  plane.agent.began.length = 0;
  return plane.ended((await plane.submit(spec)).id);
}
/** The ports some hours from now. */
function later(hours: number, more: Partial<Ports> = {}): Ports {
  const clock = { ...plane.ports.clock, now: () => new Date(Date.now() + hours * hour) };
  return { ...plane.ports, clock, ...more };
}
/** A run of eviction that many hours from now, with no room for anything. */
async function evict(hours: number, more: Partial<Ports> = {}): Promise<unknown> {
  const installation = { ...plane.ports.installation, cacheLimitBytes: 1 };
  return evictCache({ ...later(hours, more), installation }, scheduleEnvelope('tick', new Date()));
}
const ran = () => plane.agent.began.map((entry) => entry.split(' ')[1]);

/** Which steps of a build have a result, and whether all bytes of these are there. */
async function cachedOf(ended: { id: string }): Promise<{ steps: string[]; bytes: boolean[] }> {
  const plan = await loadPlan(plane.ports.blobs, ended.id);
  const steps: string[] = [];
  const bytes: boolean[] = [];
  for (const step of plan.steps) {
    const scope = scopeOf(step, tenant);
    const result = await findResult(plane.ports.table, scope, step.key);
    if (result === undefined) continue;
    steps.push(step.id);
    for (const { place } of cachedBlobs({ scope, result })) {
      bytes.push((await plane.ports.blobs.head(place)) !== undefined);
    }
  }
  return { steps, bytes };
}

async function placeOf(ended: { id: string }, stepId: string) {
  const step = planStep(await loadPlan(plane.ports.blobs, ended.id), stepId);
  const scope = scopeOf(step, tenant);
  const digest = (await findResult(plane.ports.table, scope, step.key))?.layer?.digest ?? '-';
  return { scope, digest, blob: blobPlace(scope, digest), key: resultKey(scope, step.key) };
}

/** A build that is planned and waits: another one has its place until `release`. */
async function heldBuild(spec: ResolvedSpec): Promise<{ id: string; release(): Promise<void> }> {
  const { table } = plane.ports;
  const held = { tenantId: 'ten_held', keyId: 'key_held', holdsSlot: true as const };
  await table.transact(takeSlots(held, { installation: 1, tenant: 1 }).map(({ write }) => write));
  const { id } = await plane.submit(spec);
  await untilQueued(id);
  return {
    id,
    release: async () => {
      await table.transact(giveSlots(held));
      await dispatchBuilds(plane.ports, {});
      await plane.ended(id);
    },
  };
}

const untilQueued = async (id: string) => {
  while ((await findBuild(plane.ports.table, id))?.value.state !== 'queued') await sleep(10);
};
const untilRuns = async (id: string, step: string) => {
  while (!plane.agent.began.includes(`${id} ${step}`)) await sleep(10);
};

describe('eviction', () => {
  it('drops pointers at once and bytes a day later, and what is needed again is made again', async () => {
    const spec = specOf('evicted');
    const first = await build(spec);
    const { blob } = await placeOf(first, 'packages');
    expect(await evict(1)).toMatchObject({ evicted: 0 });
    expect((await cachedOf(first)).steps).toHaveLength(5);

    expect(await evict(26)).toMatchObject({ evicted: 4, noted: 8, removed: 0 });
    // What a user downloads is no part of the cache.
    expect((await cachedOf(first)).steps).toEqual(['tar']);
    expect(await plane.ports.blobs.head(blob)).toBeDefined();
    expect(await evict(49)).toMatchObject({ evicted: 0, noted: 0, removed: 0 });
    expect(await evict(51)).toMatchObject({ removed: 8 });
    expect(await plane.ports.blobs.head(blob)).toBeUndefined();
    expect(await evict(200)).toMatchObject({ removed: 0 });

    const again = await build(specOf('evicted', 'echo two'));
    expect([again.state, ran()]).toEqual(['succeeded', ['bootstrap', 'packages', 'system', 'script', 'tar']]);
    expect(await listArtifacts(plane.ports.table, first.id)).toHaveLength(1);
  });

  it('takes a result for used from the hit on, to within an hour', async () => {
    const first = await build(specOf('used'));
    const hits = await build(specOf('used'));
    expect([hits.state, ran()]).toEqual(['succeeded', []]);
    const { key } = await placeOf(first, 'script');
    expect((await plane.ports.table.get(key))?.data).not.toHaveProperty('lastUsedAt');
    // Two hours on another build hits: the first one that is worth a note.
    const third = await heldBuild(specOf('used'));
    const noted = () => prepareStage(later(2), { buildId: third.id, stageId: scriptStage });
    await Promise.all([noted(), noted(), noted()]);
    expect((await plane.ports.table.get(key))?.data).toMatchObject({ hits: 1 });
    await third.release();
    await evict(26);
    expect((await cachedOf(first)).steps).toContain('script');
    expect((await cachedOf(first)).steps).not.toContain('system');
  });

  it('leaves what builds need that run or wait, however old', async () => {
    const [old, other] = [await build(specOf('waiting')), await build(specOf('forgotten'))];
    plane.agent.scripts.set('blocker', [{ milliseconds: 1_500 }]);
    const blocker = specWith({ steps: [{ id: 'blocker', run: 'sleep' }], outputs: [{ type: 'tar' }] });
    const running = await plane.submit(blocker);
    await untilRuns(running.id, 'blocker');
    const queued = await plane.submit(specOf('waiting', 'echo other'));
    await untilQueued(queued.id);
    await evict(1_000);
    expect((await cachedOf(running)).steps).toEqual(['bootstrap', 'packages', 'system']);
    expect((await cachedOf(old)).steps).toEqual(['bootstrap', 'packages', 'system', 'tar']);
    expect((await cachedOf(other)).steps).toEqual(['bootstrap', 'packages', 'tar']);
    expect((await plane.ended(running.id)).state).toBe('succeeded');
    expect((await plane.ended(queued.id)).state).toBe('succeeded');
    expect(ran().filter((step) => step === 'packages')).toEqual([]);
  });

  it('does not take what a build takes at that very moment', async () => {
    const first = await build(specOf('raced'));
    const { key } = await placeOf(first, 'script');
    const second = await heldBuild(specOf('raced'));
    const real = plane.ports.table;
    let hit = false;
    // The build hits between the eviction's look and its deletion.
    const table: Table = {
      get: (place) => real.get(place),
      // The index of states lags: it does not tell of the build yet.
      query: (query) =>
        real.query(query.partition.startsWith('STATE#') ? { ...query, partition: 'STATE#none' } : query),
      transact: async (writes) => {
        if (!hit && writes.some((write) => write.kind === 'delete' && write.key.partition === key.partition)) {
          hit = true;
          await prepareStage(later(1_000), { buildId: second.id, stageId: scriptStage });
        }
        await real.transact(writes);
      },
    };
    await evict(1_000, { table });
    expect([hit, await real.get(key)]).toEqual([true, expect.objectContaining({ version: 2 })]);
    await second.release();
  });

  it('of what a build has found and not yet taken makes a miss', async () => {
    const { key } = await placeOf(await build(specOf('missed')), 'script');
    const second = await heldBuild(specOf('missed'));
    const real = plane.ports.table;
    let reads = 0;
    const table: Table = {
      query: (query) => real.query(query),
      transact: (writes) => real.transact(writes),
      get: async (place) => {
        if (place.partition === key.partition) {
          reads += 1;
          if (reads === 2) await real.transact([{ kind: 'delete', key }]);
        }
        return real.get(place);
      },
    };
    const prepared = await prepareStage(later(2, { table }), { buildId: second.id, stageId: scriptStage });
    expect(prepared).toMatchObject({ run: true, attempt: 1 });
    await second.release();
  });

  it('leaves bytes that another result has come to point to', async () => {
    const first = await build(specOf('returns'));
    const { key, blob, scope, digest } = await placeOf(first, 'script');
    await plane.ports.table.transact([{ kind: 'delete', key }]);
    await evict(1);
    expect(await plane.ports.table.get(orphanKey(scope, digest))).toBeDefined();
    const second = await build(specOf('returns'));
    expect([second.state, ran()]).toEqual(['succeeded', ['script']]);
    // Its stage found the bytes there, and took the note away.
    expect(await plane.ports.table.get(orphanKey(scope, digest))).toBeUndefined();
    const roomy = { ...plane.ports.installation, cacheLimitBytes: 1_000_000_000 };
    for (const hours of [26, 60, 120]) await evictCache({ ...later(hours), installation: roomy }, {});
    expect(await plane.ports.blobs.head(blob)).toBeDefined();
  });
});

describe('warming', () => {
  const buildable = () => buildablePresets(plane.ports.installation);
  const warms = { warmsPresets: true };
  const tick = () => warmCache({ ...plane.ports, installation: { ...plane.ports.installation, ...warms } }, {});
  const newest = (index: string) => ({
    suites: archive.suites.map((suite) => ({ ...suite, indexes: { 'main/binary-amd64/Packages': index.repeat(64) } })),
  });

  it('waits for an installation that has a tenant, and for one that wants it', async () => {
    expect(await tick()).toEqual({ started: [] });
    const { table, clock, ids } = plane.ports;
    await bootstrapFirstKey(table, clock, ids, { tenantName: 'operator' });
    expect(await warmCache(plane.ports, {})).toEqual({ started: [] });
  });

  it('makes what a preset shares once for each state of the archive, and its build then only the rest', async () => {
    const warmed: BuildDetail[] = [];
    for (const id of startedBy(await tick())) warmed.push(await plane.ended(id));
    expect(warmed.map(({ name }) => name)).toEqual(buildable().map(({ name }) => name));
    for (const { id, state, purpose } of warmed) {
      expect([state, purpose]).toEqual(['succeeded', 'warm']);
      expect((await findBuild(plane.ports.table, id))?.value.keyId).toBe(systemKeyId);
      expect(await listArtifacts(plane.ports.table, id)).toEqual([]);
    }
    const shared = ran();
    expect(shared).toEqual(expect.arrayContaining(['kernel', 'initramfs', 'packages', 'module.packages']));
    expect(startedBy(await tick())).toEqual([]);

    const whole = await build(resolvedSpecSchema.parse(buildable().find(({ name }) => name === 'minimal')?.spec));
    expect(whole.state).toBe('succeeded');
    expect(ran().filter((step) => shared.includes(step))).toEqual([]);
    expect(ran()).toContain('iso');
    // Counted when the build has ended: the shared one was there, the one after the scripts was not.
    await vi.waitFor(async () => {
      const rates = await hitRates(plane.ports, tenant, 1);
      expect(rates).toContainEqual({ program: 'initramfs', hits: 1, misses: 1, hitRate: 0.5 });
    });

    plane.archive = newest('d');
    expect(startedBy(await tick())).toHaveLength(buildable().length);
    expect(startedBy(await tick())).toEqual([]);
  });

  it('that failed is tried again, three times in all for each preset', async () => {
    plane.archive = newest('e');
    plane.agent.scripts.set('bootstrap', [{ fails: 'archive.changed' }]);
    const tries: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const started = startedBy(await tick());
      for (const id of started) expect((await plane.ended(id)).state).toBe('failed');
      tries.push(...started);
    }
    expect(new Set(tries).size).toBe(3 * buildable().length);
  });

  it('starts when nothing else waits', async () => {
    plane.archive = newest('f');
    plane.agent.scripts.set('first', [{ milliseconds: 600 }]);
    const spec = (id: string) => specWith({ name: id, steps: [{ id, run: 'true' }], outputs: [{ type: 'tar' }] });
    const running = await plane.submit(spec('first'));
    await untilRuns(running.id, 'first');
    const [warm] = startedBy(await tick());
    const second = await plane.submit(spec('second'));
    const [warmed, ended] = await Promise.all([plane.ended(warm ?? ''), plane.ended(second.id)]);
    expect([warmed.state, ended.state]).toEqual(['succeeded', 'succeeded']);
    expect(Date.parse(warmed.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(ended.endedAt ?? ''));
  });

  function startedBy(answer: unknown): string[] {
    const started: unknown = Reflect.get(Object(answer), 'started');
    return Array.isArray(started) ? started.map(String) : [];
  }
});
