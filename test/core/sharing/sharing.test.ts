import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { wholeTenant } from '../../../core/access/reach.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildWrite, findBuild, getBuild, listBuilds, updateBuild } from '../../../core/builds/build-repository.ts';
import { endBuild, markFailure } from '../../../core/builds/settle.ts';
import type { Table, TableWrite } from '../../../core/ports/table.ts';
import { leaveWork, requestCancel, stopUnwanted } from '../../../core/sharing/cancel.ts';
import { workIdentity } from '../../../core/sharing/claim.ts';
import { bringSharersOn, sweepSharers } from '../../../core/sharing/follow.ts';
import { claimKey, doorKey } from '../../../core/sharing/places.ts';
import { queueBuild } from '../../../core/sharing/queue-build.ts';
import { hasSharers } from '../../../core/sharing/sharers.ts';

const tenantId = 'ten_1';
const reach = wholeTenant(tenantId);
const planDigest = 'a'.repeat(64);
const clock = createSystemClock();
const ids = createIds(clock);

let table: Table;
let ports: { table: Table; clock: typeof clock; ids: typeof ids };
/** Every transaction that took place. */
let transactions: (readonly TableWrite[])[];

beforeEach(() => {
  const sqlite = openSqliteTable({ file: ':memory:', clock });
  onTestFinished(() => sqlite.close());
  transactions = [];
  table = {
    get: (key) => sqlite.get(key),
    query: (query) => sqlite.query(query),
    transact: async (writes) => {
      await sqlite.transact(writes);
      transactions.push(writes);
    },
  };
  ports = { table, clock, ids };
});

/** A build that was planned and is queued, with others or alone. */
async function queued(members: Partial<BuildRecord> = {}): Promise<BuildRecord> {
  const build: BuildRecord = {
    ...{ id: ids.next('bld'), tenantId, keyId: 'key_1', name: 'edge', state: 'planning', specDigest: 'b'.repeat(64) },
    submittedAt: clock.now().toISOString(),
    ...members,
  };
  await table.transact([buildWrite(build, 'absent')]);
  const now = await queueBuild(ports, build.id, (planned) => ({ build: { ...planned, state: 'queued', planDigest } }));
  if (now === undefined) throw new Error('the build is gone');
  return now;
}
async function read(id: string): Promise<BuildRecord> {
  const found = await findBuild(table, id);
  if (found === undefined) throw new Error('the build is gone');
  return found.value;
}
const start = (id: string) =>
  updateBuild(table, id, (build) => ({ build: { ...build, state: 'running', startedAt: clock.now().toISOString() } }));
const told = (id: string) =>
  transactions.flat().flatMap((write) => {
    if (write.kind !== 'put' || !write.key.partition.startsWith('OUTBOX#')) return [];
    const { type, detail } = write.data as { type: string; detail: { buildId: string } };
    return detail.buildId === id ? [type] : [];
  });

describe('a work with a thousand builds', () => {
  it('brings each on once, in small transactions, though it is told twice at the same time', async () => {
    const work = await queued();
    const sharers = await Promise.all(Array.from({ length: 1_000 }, () => queued()));
    expect(new Set(sharers.map(({ sharesWith }) => sharesWith))).toEqual(new Set([work.id]));
    await start(work.id);
    await Promise.all([bringSharersOn(ports, work.id), bringSharersOn(ports, work.id)]);
    await endBuild(ports, work.id, 'succeeded');
    transactions.length = 0;
    const counts = await Promise.all([bringSharersOn(ports, work.id), bringSharersOn(ports, work.id)]);
    expect(Math.max(...counts)).toBe(1_000);
    expect(await hasSharers(table, work.id)).toBe(false);
    for (const { id } of sharers) expect((await read(id)).state).toBe('succeeded');
    expect(transactions).toHaveLength(1_000);
    expect(Math.max(...transactions.map((writes) => writes.length))).toBeLessThan(10);
    expect(await bringSharersOn(ports, work.id)).toBe(0);
  });

  it('is mended by a sweep where no event came', async () => {
    const work = await queued();
    const sharers = await Promise.all(Array.from({ length: 250 }, () => queued()));
    expect(await sweepSharers(ports)).toEqual([]);
    await start(work.id);
    await endBuild(ports, work.id, 'failed', { code: 'script.failed', reason: 'no', logTail: [] });
    expect((await sweepSharers(ports)).sort()).toEqual(sharers.map(({ id }) => id).sort());
    for (const { id } of sharers) {
      expect(await read(id)).toMatchObject({ state: 'failed', failure: { code: 'script.failed' } });
      expect(told(id)).toEqual(['build.queued', 'build.started', 'build.failed']);
    }
    expect(await sweepSharers(ports)).toEqual([]);
  });
});

describe('a build that is queued', () => {
  it('leads where no other of its plan and options waits or runs, and stores what its execution reads', async () => {
    const stored: string[] = [];
    const planned = async (members: Partial<BuildRecord> = {}) => {
      const id = ids.next('bld');
      const build: BuildRecord = {
        ...{ id, tenantId, keyId: 'key_1', name: 'edge', state: 'planning', specDigest: 'b'.repeat(64) },
        ...{ submittedAt: clock.now().toISOString(), ...members },
      };
      await table.transact([buildWrite(build, 'absent')]);
      const change = (now: BuildRecord) => ({ build: { ...now, state: 'queued' as const, planDigest } });
      const now = await queueBuild(ports, id, change, async () => void stored.push(id));
      return { id, sharesWith: now?.sharesWith };
    };
    const first = await planned();
    expect(await planned()).toMatchObject({ sharesWith: first.id });
    const apart = [
      await planned({ keepGoing: true }),
      await planned({ force: true }),
      await planned({ tenantId: 'ten_2' }),
      await planned({ purpose: 'warm' }),
      await planned({ purpose: 'verify', verifies: first.id }),
    ];
    expect(apart.map(({ sharesWith }) => sharesWith)).toEqual(new Array(5).fill(undefined));
    expect(stored).toEqual([first, ...apart].map(({ id }) => id));
    // Nobody shares the work of one that was forced to its own.
    await start(first.id);
    await endBuild(ports, first.id, 'succeeded');
    expect((await planned()).sharesWith).toBeUndefined();
  });

  it('shares nothing that is ending, and goes to its end with what it shares already', async () => {
    const work = await queued();
    const sharer = await queued();
    await start(work.id);
    await markFailure(table, work.id, { code: 'script.failed', reason: 'no', logTail: [] });
    const late = await queued();
    expect([sharer.sharesWith, late.sharesWith]).toEqual([work.id, undefined]);
    // Its own end is still left to the others.
    await requestCancel(ports, reach, work.id);
    expect(await read(work.id)).toMatchObject({ state: 'running', withdrawnAt: expect.any(String) });
    expect((await read(work.id)).cancelRequestedAt).toBeUndefined();
    await endBuild(ports, work.id, 'failed', { code: 'script.failed', reason: 'no', logTail: [] });
    await bringSharersOn(ports, work.id);
    expect(await read(sharer.id)).toMatchObject({ state: 'failed', failure: { code: 'script.failed' } });
    expect((await read(late.id)).state).toBe('queued');
  });

  it('keeps on sharing with one that keeps going after a failure', async () => {
    const work = await queued({ keepGoing: true });
    await start(work.id);
    await markFailure(table, work.id, { code: 'script.failed', reason: 'no', logTail: [] });
    expect((await queued({ keepGoing: true })).sharesWith).toBe(work.id);
  });

  it('takes over a claim whose work is gone', async () => {
    const work = await queued();
    await table.transact([{ kind: 'delete', key: doorKey(work.id) }]);
    const next = await queued();
    expect(next.sharesWith).toBeUndefined();
    expect((await queued()).sharesWith).toBe(next.id);
  });
});

describe('a cancellation', () => {
  it('of the build that began a work is over at once, and its readers see no more of the work', async () => {
    const work = await queued();
    const sharer = await queued();
    const asked = await requestCancel(ports, reach, work.id);
    expect(asked).toMatchObject({ state: 'cancelled', endedAt: asked.withdrawnAt });
    expect(await requestCancel(ports, reach, work.id)).toEqual(asked);
    expect((await getBuild(table, reach, work.id)).value.state).toBe('cancelled');
    const { builds } = await listBuilds(table, tenantId, { limit: 10 });
    expect(Object.fromEntries(builds.map(({ id, state }) => [id, state]))).toEqual({
      [sharer.id]: 'queued',
      [work.id]: 'cancelled',
    });
    expect((await read(work.id)).state).toBe('queued');
    expect(told(work.id)).toEqual(['build.queued', 'build.cancelled']);
  });

  it('that a join comes before at the last moment leaves the work to who joined', async () => {
    const work = await queued();
    let joined: BuildRecord | undefined;
    const query: Table['query'] = async (asked) => {
      const page = await table.query(asked);
      // Nobody shared the work when it was asked.
      joined ??= await queued();
      return page;
    };
    await requestCancel({ ...ports, table: { ...table, query } }, reach, work.id);
    expect(joined?.sharesWith).toBe(work.id);
    const now = await read(work.id);
    expect([now.withdrawnAt === undefined, now.cancelRequestedAt]).toEqual([false, undefined]);
  });

  it('that comes before a join at the last moment leaves who would have joined a work of its own', async () => {
    const work = await queued();
    const late = ids.next('bld');
    const get: Table['get'] = async (key) => {
      const record = await table.get(key);
      if (key.partition === doorKey(work.id).partition) await requestCancel(ports, reach, work.id);
      return record;
    };
    const build: BuildRecord = { ...(await read(work.id)), id: late, state: 'planning' };
    const { sharing: _, ...planning } = build;
    await table.transact([buildWrite(planning, 'absent')]);
    const change = (now: BuildRecord) => ({ build: { ...now, state: 'queued' as const, planDigest } });
    const led = await queueBuild({ ...ports, table: { ...table, get } }, late, change);
    expect([led?.sharesWith, led?.sharing]).toEqual([undefined, workIdentity(build)]);
    expect((await read(work.id)).cancelRequestedAt).toBeDefined();
    expect(await hasSharers(table, work.id)).toBe(false);
  });

  it('of the last sharer ends a work that its own build has left, whoever comes first', async () => {
    const work = await queued();
    const sharers = [await queued(), await queued()];
    await requestCancel(ports, reach, work.id);
    expect(await stopUnwanted(ports, await read(work.id))).toBe(false);
    await Promise.all(
      sharers.map(async ({ id }) => {
        await requestCancel(ports, reach, id);
        await leaveWork(ports, id, work.id);
      }),
    );
    expect((await read(work.id)).cancelRequestedAt).toBeDefined();
    expect(told(work.id).filter((type) => type === 'work.unwanted')).toHaveLength(1);
    const identity = workIdentity(work) ?? '-';
    expect(await table.get(claimKey(tenantId, identity))).toBeUndefined();
    expect((await queued()).sharesWith).toBeUndefined();
    await endBuild(ports, work.id, 'cancelled');
    expect(await read(work.id)).toMatchObject({ state: 'cancelled', outcome: 'cancelled' });
  });
});
