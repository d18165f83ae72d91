import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { isEnding } from '../../core/builds/ending.ts';
import { shardCount, sharingState } from '../../core/builds/keys.ts';
import { sharedPlace, sharedPrefix } from '../../core/retention/places.ts';
import { workIdentity } from '../../core/sharing/claim.ts';
import { claimKey, doorKey } from '../../core/sharing/places.ts';
import { asShown, workOf } from '../../core/sharing/work-of.ts';
import { type Happening, SharedWork } from './shared-work.ts';

const runs = 1_000;

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      tenant: fc.nat(1),
      plan: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
      run: fc.oneof(
        { weight: 6, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.constant({ keepGoing: true }) },
        { weight: 1, arbitrary: fc.constant({ force: true as const }) },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cancel' as const),
      build: fc.nat(20),
      all: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      event: fc.nat(20),
      fate: fc.oneof(
        { weight: 7, arbitrary: fc.constant('once' as const) },
        { weight: 2, arbitrary: fc.constant('twice' as const) },
        { weight: 1, arbitrary: fc.constant('lost' as const) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      work: fc.nat(5),
      outcome: fc.constantFrom('succeeded' as const, 'failed' as const),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), target: fc.nat(3) }) },
);
const bursts = fc.array(fc.array(happening, { minLength: 1, maxLength: 6 }), { minLength: 3, maxLength: 16 });

/** What must hold at any time: of one identity one work at most is wanted, and only works are executed. */
function expectOneEach(world: SharedWork, records: readonly BuildRecord[]): void {
  const works = records
    .filter(
      (build) => build.sharesWith === undefined && ['queued', 'running'].includes(build.state) && !isEnding(build),
    )
    .flatMap((build) => {
      const identity = workIdentity(build);
      return identity === undefined ? [] : [`${build.tenantId} ${identity}`];
    });
  expect(works).toEqual([...new Set(works)]);
  const byId = new Map(records.map((build) => [build.id, build]));
  for (const { id, tenantId, sharesWith, holdsSlot } of records) {
    if (sharesWith === undefined) continue;
    expect([world.executions.has(id), holdsSlot]).toEqual([false, undefined]);
    expect([byId.get(sharesWith)?.tenantId, byId.get(sharesWith)?.sharesWith]).toEqual([tenantId, undefined]);
  }
}

/** What must hold once all is over. @returns how many builds shared, left, and left a work behind */
async function expectSettled(world: SharedWork, records: readonly BuildRecord[]) {
  expect(records).toHaveLength(world.builds.length);
  const byId = new Map(records.map((build) => [build.id, build]));
  const ends = ['build.succeeded', 'build.failed', 'build.cancelled'];
  for (const [place, build] of records.entries()) {
    const shown = asShown(build);
    const work = byId.get(workOf(build));
    const outcome = work?.outcome ?? work?.state;
    const asked = world.builds[place]?.asked === true;
    // Nobody is cancelled who did not ask; all others end as their work, by the execution that there was.
    if (shown.state !== 'cancelled' || !asked) {
      expect(shown.state).toBe(outcome);
      expect(world.executions.get(workOf(build))).toBe(outcome);
      expect(shown.failure).toEqual(work?.failure);
      if (outcome === 'failed') expect(shown.failure?.reason).toBe(`${work?.id} failed`);
    }
    expect(build.holdsSlot).toBeUndefined();
    const told = world.told.filter(({ detail }) => detail.buildId === build.id).map(({ type }) => type);
    expect(told.filter((type) => ends.includes(type))).toEqual([`build.${shown.state}`]);
    if (shown.state === 'succeeded') {
      const own = told.filter((type) => type !== 'build.cancel_requested');
      expect(own).toEqual(['build.submitted', 'build.queued', 'build.started', 'build.succeeded']);
    }
    for (const type of ['build.queued', 'build.started', 'work.started', 'work.ended', 'work.unwanted'] as const) {
      expect(told.filter((one) => one === type).length).toBeLessThanOrEqual(1);
    }
    const identity = workIdentity(build);
    if (identity !== undefined) expect(await world.table.get(claimKey(build.tenantId, identity))).toBeUndefined();
    const left = await world.table.query({ partition: doorKey(build.id).partition, limit: 1_000 });
    // What stays says who has what the work made (core/retention/content.ts): those that ended with it, at least.
    const stays = left.records.map(({ key }) => key.sort);
    expect(stays.filter((sort) => !sort.startsWith(sharedPrefix))).toEqual([]);
    const sharers = records.filter(({ sharesWith }) => sharesWith === build.id).map(({ id }) => id);
    expect(stays).toEqual(sharers.map((id) => sharedPlace(build.id, id).sort).sort());
  }
  for (const owner of ['installation', 'ten_0', 'ten_1']) {
    const running = await world.table.get({ partition: `RUNNING#${owner}`, sort: 'RUNNING' });
    expect(running?.counters.builds ?? 0).toBe(0);
  }
  for (let shard = 0; shard < shardCount; shard += 1) {
    const partition = `STATE#${sharingState}#${shard}`;
    expect((await world.table.query({ index: 'byState', partition, limit: 10 })).records).toEqual([]);
  }
  return {
    shared: records.filter(({ sharesWith }) => sharesWith !== undefined).length,
    left: records.filter(({ sharesWith, state }) => sharesWith !== undefined && state === 'cancelled').length,
    withdrawn: records.filter(({ withdrawnAt, outcome }) => withdrawnAt !== undefined && outcome !== 'cancelled')
      .length,
    unwanted: records.filter(({ outcome }) => outcome === 'cancelled').length,
    failedTogether: records.filter(({ sharesWith, state }) => sharesWith !== undefined && state === 'failed').length,
  };
}

it(`ends every build as the one execution of its work, whatever happens: ${runs} runs`, {
  timeout: 600_000,
}, async () => {
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.integer(), bursts, async (seed, all) => {
      const world = new SharedWork(seed);
      try {
        for (const burst of all) {
          await world.burst(burst);
          expectOneEach(world, await world.records());
        }
        const counts = await expectSettled(world, await world.settle());
        for (const [name, count] of Object.entries(counts)) seen[name] = (seen[name] ?? 0) + count;
      } finally {
        world.close();
      }
    }),
    { numRuns: runs, seed: 58 },
  );
  console.info(`sharing on paper: ${runs} runs, ${JSON.stringify(seen)}`);
  // It is no proof of what never came up.
  for (const [name, count] of Object.entries(seen)) expect(`${name} ${count > 20}`).toBe(`${name} true`);
});
