import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { listArtifacts } from '../../../core/builds/stage-repository.ts';
import { EngineError } from '../../../core/errors.ts';
import { readLease, sumOf } from '../../../core/quota/lease.ts';
import { countPlace, leasePlace, leasePrefix } from '../../../core/quota/places.ts';
import { noteDownload } from '../../../core/retention/downloads.ts';
import { placeHold, releaseHold } from '../../../core/retention/holds.ts';
import { findImage } from '../../../core/retention/image.ts';
import { contentRemovals } from '../../../core/retention/places.ts';
import { retentionPolicyContentSchema } from '../../../core/retention/policy.ts';
import { setRetentionPolicy } from '../../../core/retention/policy-repository.ts';
import { readProtections } from '../../../core/retention/protection.ts';
import { removeArtifacts, restoreArtifacts, tagArtifacts } from '../../../core/retention/trash.ts';
import { handle as reapTasks } from '../../../functions/events/reap-tasks/reap-tasks.ts';
import { interrupted, Killed } from './interrupted.ts';
import { openBench, type RetentionBench, RetentionWorld } from './retention-world.ts';

let bench: RetentionBench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Something that somebody does; `pick` chooses among the builds that there are. */
const actionArbitrary = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('build' as const),
      name: fc.constantFrom('a', 'b'),
      // Few contents, so that builds stand on the same bytes.
      contents: fc.uniqueArray(fc.constantFrom('w', 'x', 'y', 'z'), { maxLength: 3 }),
      how: fc.constantFrom('succeeds', 'fails', 'fails its test', 'runs', 'shared'),
    }),
  },
  ...(
    ['retry', 'verify', 'end', 'hold', 'release', 'tag', 'download', 'trash', 'restore', 'hide', 'publish'] as const
  ).map((kind) => ({ weight: 1, arbitrary: fc.record({ kind: fc.constant(kind), pick: fc.nat(20) }) })),
);
type Action = typeof actionArbitrary extends fc.Arbitrary<infer A> ? A : never;

const stepArbitrary = fc.oneof(
  { weight: 5, arbitrary: actionArbitrary },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), days: fc.constantFrom(0.02, 1, 4, 8) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('clean' as const),
      /** Write at which the function is killed. */
      killedAt: fc.option(fc.nat(25), { nil: undefined }),
      /** Write before which somebody else does something. */
      meanwhile: fc.option(fc.tuple(fc.nat(25), actionArbitrary), { nil: undefined }),
      tasks: fc.constantFrom('tenant', 'objects', 'trash', 'interrupted'),
    }),
  },
);

type Step = typeof stepArbitrary extends fc.Arbitrary<infer S> ? S : never;

/** What one world came to, as the test knows it. */
class Run {
  readonly world: RetentionWorld;
  readonly builds: string[] = [];
  readonly holds: string[] = [];
  constructor(world: RetentionWorld) {
    this.world = world;
  }

  #pick(at: number): string | undefined {
    return this.builds[at % Math.max(1, this.builds.length)];
  }

  /** Does something; what the engine refuses with an error of its own is as good. */
  async act(action: Action): Promise<void> {
    try {
      await this.#act(action);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'internal.error') throw error;
    }
  }

  async #act(action: Action): Promise<void> {
    const { world } = this;
    const { ports, reach, actor } = world;
    if (action.kind === 'build') return this.#build(action);
    const id = this.#pick(action.pick);
    if (id === undefined) return;
    switch (action.kind) {
      case 'retry':
        return void this.builds.push(await world.begin('a', { retryOf: id }));
      case 'verify':
        return void this.builds.push(await world.begin('a', { purpose: 'verify', verifies: id }));
      case 'end': {
        const build = (await findBuild(ports.table, id))?.value;
        const work = build?.sharesWith === undefined ? undefined : await findBuild(ports.table, build.sharesWith);
        if (build?.state === 'running' && (work === undefined || isTerminal(work.value.state))) await world.end(id);
        return;
      }
      case 'hold': {
        const given = { build: id, reason: 'a case' };
        const hold = await placeHold(ports, reach, given, { actor, remember: () => [] });
        return void this.holds.push(hold.id);
      }
      case 'release': {
        const hold = this.holds.splice(action.pick % Math.max(1, this.holds.length), 1)[0];
        if (hold !== undefined) await releaseHold(ports, actor, hold, 'it is closed');
        return;
      }
      case 'tag':
        return void (await tagArtifacts(ports, reach, id, { actor, tags: ['keep'] }));
      case 'download':
        return noteDownload(ports, await findImage(ports.table, id));
      case 'trash':
        return void (await removeArtifacts(ports, reach, id, actor));
      case 'restore':
        return void (await restoreArtifacts(ports, reach, id, actor));
      // Only what runs can come to be held; what is held can be published at any time.
      case 'hide': {
        const build = (await findBuild(ports.table, id))?.value;
        if (build?.state === 'running') await world.change(id, { publication: 'held' });
        return;
      }
      case 'publish':
        return world.change(id, { publication: 'published' });
    }
  }

  async #build({ name, contents, how }: Extract<Action, { kind: 'build' }>): Promise<void> {
    const { world } = this;
    const id = await world.begin(name, how === 'fails its test' ? { tested: true } : {});
    const sharer = how === 'shared' ? await world.share(id) : undefined;
    this.builds.push(id, ...(sharer === undefined ? [] : [sharer]));
    for (const content of contents) await world.make(id, content);
    if (how === 'runs') return;
    await world.end(id, how === 'succeeds' || how === 'shared' ? 'succeeded' : 'failed');
    if (sharer !== undefined) await world.end(sharer);
  }

  /** What protects each build now, and what is stored of it. */
  async look() {
    const { world } = this;
    return Promise.all(
      this.builds.map(async (id) => {
        const build = (await findBuild(bench.table, id))?.value;
        if (build === undefined) throw new Error('builds stay');
        const { protections } = await readProtections(bench.table, build);
        return { id, state: await world.state(id), isProtected: protections.length > 0 };
      }),
    );
  }

  /** All bytes that somebody has, or is making, are there. */
  async expectWhole(): Promise<void> {
    for (const id of this.builds) {
      const build = (await findBuild(bench.table, id))?.value;
      const state = await this.world.state(id);
      const lives = build !== undefined && (!isTerminal(build.state) || state === 'kept' || state === 'trashed');
      if (lives) expect([id, state, await this.world.lost(id)]).toEqual([id, state, []]);
    }
  }

  /** Counters are the sum of the leases, and leases hold what is stored and nothing else. */
  async expectCounted(): Promise<void> {
    const { tenantId } = this.world;
    const leases = await bench.table.query({ ...leasePlaceOf(tenantId), limit: 1_000 });
    const sums = sumOf(leases.records.flatMap((record) => readLease(record).lease.shares));
    const states = new Map((await this.look()).map(({ id, state }) => [id, state]));
    for (const record of leases.records) {
      const { buildId, shares } = readLease(record).lease;
      const isFree = states.get(buildId) === 'purging' || states.get(buildId) === 'purged';
      if (isFree) expect(shares.filter(({ quota }) => quota === 'storedBytes' || quota === 'images')).toEqual([]);
    }
    for (const quota of ['images', 'storedBytes'] as const) {
      const counter = await bench.table.get(countPlace(tenantId, quota, 'all'));
      expect([quota, counter?.counters.used ?? 0]).toEqual([quota, sums.get(`${quota}#all`)?.amount ?? 0]);
    }
  }
}

const allRemovals = { index: 'byState', partition: contentRemovals('', '', '').partition, limit: 1_000 } as const;

const leasePlaceOf = (tenantId: string) => {
  const { partition } = leasePlace(tenantId, '');
  return { partition, sortPrefix: leasePrefix };
};

async function openRun(): Promise<Run> {
  const world = await RetentionWorld.open(bench);
  const set = (name: string, content: object) =>
    setRetentionPolicy(world.ports, world.actor, name, retentionPolicyContentSchema.parse(content));
  await set('newest', { select: { names: ['a'] }, expire: { beyondNewest: 2, per: 'name' } });
  await set('unused', { expire: { afterDays: 3, unusedDays: 2 } });
  await set('keep', { select: { tags: ['keep'] }, expire: null });
  return new Run(world);
}

async function clean(run: Run, step: Extract<Step, { kind: 'clean' }>): Promise<void> {
  const { world } = run;
  const { tasks } = step;
  // What is finished each five minutes has no dry run.
  if (tasks === 'interrupted' && step.killedAt === undefined && step.meanwhile === undefined) {
    return void (await reapTasks(world.ports, {}));
  }
  const scope = tasks === 'objects' || tasks === 'trash' ? { tasks: [tasks], owner: 'installation' } : {};
  const mine = (
    entries: readonly { readonly tenant?: string | undefined; readonly what: string; readonly task: string }[],
  ) => entries.filter(({ tenant }) => tenant === world.tenantId).map(({ task, what }) => `${task} ${what}`);
  if (step.killedAt === undefined && step.meanwhile === undefined) {
    const dry = await world.clean({ ...scope, dryRun: true });
    const real = await world.clean(scope);
    expect(mine(real.entries)).toEqual(mine(dry.entries));
    expect(real.entries.filter(({ tenant, outcome }) => tenant === world.tenantId && outcome !== 'removed')).toEqual(
      [],
    );
    return;
  }
  const met = step.meanwhile;
  const before = await run.look();
  const through = interrupted(world.ports, {
    killedAt: step.killedAt,
    meanwhile: met === undefined ? undefined : [met[0], () => run.act(met[1])],
  });
  try {
    if (tasks === 'interrupted') await reapTasks(through, {});
    else await world.clean(scope, through);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  // What was protected when it began was so all the time, unless somebody let go of it meanwhile.
  if (met === undefined) {
    for (const { id, state, isProtected } of before) {
      if (!isProtected) continue;
      const after = await world.state(id);
      // What has no files is no image, and is only not written down as one any more.
      const isEmpty = after === 'none' && (await listArtifacts(bench.table, id)).length === 0;
      if (!isEmpty) expect([id, after]).toEqual([id, state]);
    }
  }
  // What is protected now was protected before it went, or is in the trash that it was in.
  for (const { id, state, isProtected } of await run.look()) {
    if (isProtected && state !== 'none') expect([id, ['kept', 'trashed'].includes(state)]).toEqual([id, true]);
  }
}

describe('a cleanup of any builds', () => {
  it('removes nothing that is referenced, whoever comes between, killed at any write; and what its dry run lists', async () => {
    let cleanups = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { minLength: 4, maxLength: 18 }), async (steps) => {
        const run = await openRun();
        for (const step of steps) {
          if (step.kind === 'pass') run.world.pass(step.days);
          else if (step.kind === 'clean') {
            await clean(run, step);
            cleanups += 1;
          } else await run.act(step);
          await run.expectWhole();
        }
        // Whatever was cut short is finished, and then nothing is left to do.
        run.world.pass(0.1);
        await run.world.clean();
        await run.world.clean();
        run.world.pass(30);
        await run.world.clean();
        run.world.pass(10);
        for (let round = 0; round < 3; round += 1) await run.world.clean();
        await reapTasks(run.world.ports, {});
        const { records } = await bench.table.query(allRemovals);
        expect(records.filter(({ data }) => data.tenantId === run.world.tenantId)).toEqual([]);
        await run.expectWhole();
        await run.expectCounted();
        const states = await run.look();
        expect(states.filter(({ state }) => state === 'purging')).toEqual([]);
        expect(states.filter(({ state, isProtected }) => state === 'trashed' && !isProtected)).toEqual([]);
      }),
      { numRuns: Number(process.env.LBUILD_RETENTION_RUNS ?? 25) },
    );
    expect(cleanups).toBeGreaterThan(0);
  }, 540_000);
});
