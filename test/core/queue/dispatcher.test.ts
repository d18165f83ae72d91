import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { wholeTenant } from '../../../core/access/reach.ts';
import { buildWrite, findBuild, updateBuild } from '../../../core/builds/build-repository.ts';
import { scheduleEnvelope } from '../../../core/events/envelope.ts';
import { queuedEntries, runningEntries } from '../../../core/queue/queue-entry.ts';
import { tenantWeight } from '../../../core/queue/share-repository.ts';
import { requestCancel } from '../../../core/sharing/cancel.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { handle } from '../../../functions/events/dispatch-builds/dispatch-builds.ts';
import { openQueue, type QueueUnderTest } from './queue-under-test.ts';

function open(limits: Partial<Installation> = {}): QueueUnderTest {
  const queue = openQueue(limits);
  onTestFinished(() => queue.close());
  return queue;
}

const tenantsOf = async (queue: QueueUnderTest, ids: readonly string[]) =>
  (await Promise.all(ids.map((id) => queue.build(id)))).map(({ tenantId }) => tenantId);

describe('a tenant with 500 builds', () => {
  it('does not push another tenant’s next build past its bound: one start', { timeout: 120_000 }, async () => {
    const queue = open({ concurrentBuilds: 4, concurrentBuildsPerTenant: 4 });
    for (let number = 0; number < 500; number += 1) await queue.queued('ten_big', { seconds: 600 });
    await queue.dispatch();
    expect(queue.executions).toHaveLength(4);
    // Some of its builds have run and ended; then somebody else comes.
    for (let number = 0; number < 10; number += 1) {
      queue.clock.pass(300_000);
      await queue.end(queue.executions[number] ?? '');
      await queue.dispatch();
    }
    const ids: string[] = [];
    for (let number = 0; number < 3; number += 1) ids.push(await queue.queued('ten_small', { seconds: 600 }));
    await queue.dispatch();
    const before = queue.executions.length;
    for (let number = 10; number < 16; number += 1) {
      queue.clock.pass(300_000);
      await queue.end(queue.executions[number] ?? '');
      await queue.dispatch();
    }
    const since = queue.executions.slice(before);
    expect(since.indexOf(ids[0] ?? '')).toBeLessThanOrEqual(1);
    // From then on they take turns, though one has 480 builds waiting and the other two.
    expect(await tenantsOf(queue, since)).toEqual(expect.arrayContaining(['ten_small', 'ten_big']));
    expect(since.filter((id) => ids.includes(id))).toHaveLength(3);
  });
});

describe('dispatchers at once', () => {
  it('keep shares and caps: the order is that of one alone', { timeout: 120_000 }, async () => {
    const runOf = async (dispatchers: number): Promise<readonly string[]> => {
      const queue = open({ concurrentBuilds: 5, concurrentBuildsPerTenant: 4 });
      await queue.table.transact([(await tenantWeight(queue.table, 'ten_a')).write(2)]);
      for (let number = 0; number < 12; number += 1) await queue.queued('ten_a', { seconds: 600 });
      for (let number = 0; number < 12; number += 1) await queue.queued('ten_b', { seconds: 600 });
      const order: string[] = [];
      for (let ended = 0; ended < 24; ended += 1) {
        await Promise.all(Array.from({ length: dispatchers }, () => queue.dispatch()));
        expect(await queue.running('installation')).toBeLessThanOrEqual(5);
        const running = (await runningEntries(queue.table)).map(({ id }) => id).sort();
        order.push(...running.filter((id) => !order.includes(id)));
        queue.clock.pass(600_000);
        await queue.end(running[0] ?? '');
      }
      expect(new Set(queue.executions).size).toBe(24);
      return tenantsOf(queue, order);
    };
    const alone = await runOf(1);
    expect(await runOf(6)).toEqual(alone);
    expect(alone.slice(0, 15).filter((tenant) => tenant === 'ten_a').length).toBeGreaterThanOrEqual(9);
  });

  it('pass no cap, start each build once, and leave the counters as the builds are', { timeout: 600_000 }, async () => {
    const wish = fc.record({
      tenant: fc.constantFrom('ten_1', 'ten_2'),
      team: fc.option(fc.constantFrom('tea_1', 'tea_2'), { nil: undefined }),
      member: fc.constantFrom('mem_1', 'mem_2'),
      key: fc.constantFrom('key_1', 'key_2'),
      priority: fc.constantFrom('low', 'normal', 'high', 'urgent'),
    });
    const cap = fc.integer({ min: 1, max: 3 });
    const given = fc.record({
      wishes: fc.array(wish, { minLength: 1, maxLength: 4 }),
      caps: fc.record({
        concurrentBuilds: fc.integer({ min: 1, max: 5 }),
        concurrentBuildsPerTenant: cap,
        concurrentBuildsPerTeam: cap,
        concurrentBuildsPerMember: cap,
        concurrentBuildsPerKey: cap,
      }),
    });
    await fc.assert(
      fc.asyncProperty(given, async ({ wishes, caps }) => {
        const queue = openQueue(caps);
        try {
          for (const { tenant, team, member, key, priority } of wishes) {
            const teamId = team === undefined ? {} : { teamId: team };
            await queue.queued(tenant, { ...teamId, memberId: member, keyId: key, priority });
          }
          let ended = 0;
          while (ended < wishes.length) {
            await Promise.all([queue.dispatch(), queue.dispatch()]);
            const running = await runningEntries(queue.table);
            const most = (of: (entry: (typeof running)[number]) => string | undefined): number => {
              const counts = new Map<string, number>();
              for (const entry of running) {
                const name = of(entry);
                if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
              }
              return Math.max(0, ...counts.values());
            };
            expect(running.length).toBeLessThanOrEqual(caps.concurrentBuilds);
            expect(most(({ tenantId }) => tenantId)).toBeLessThanOrEqual(caps.concurrentBuildsPerTenant);
            expect(most(({ tenantId, teamId }) => teamId && `${tenantId} ${teamId}`)).toBeLessThanOrEqual(
              caps.concurrentBuildsPerTeam,
            );
            expect(most(({ tenantId, memberId }) => `${tenantId} ${memberId}`)).toBeLessThanOrEqual(
              caps.concurrentBuildsPerMember,
            );
            expect(most(({ tenantId, keyId }) => `${tenantId} ${keyId}`)).toBeLessThanOrEqual(
              caps.concurrentBuildsPerKey,
            );
            expect(await queue.running('installation')).toBe(running.length);
            // Something runs as long as something waits.
            expect(running.length).toBeGreaterThan(0);
            await queue.end(queue.executions[ended] ?? '');
            ended += 1;
          }
          expect(new Set(queue.executions).size).toBe(wishes.length);
          expect([...(await queuedEntries(queue.table)), ...(await runningEntries(queue.table))]).toEqual([]);
          for (const { tenant, team, member, key } of wishes) {
            for (const name of [
              tenant,
              `${tenant}#team#${team}`,
              `${tenant}#member#${member}`,
              `${tenant}#key#${key}`,
            ]) {
              expect(await queue.running(name)).toBe(0);
            }
          }
        } finally {
          queue.close();
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the queue', () => {
  it('goes on after a build that was cancelled in it', async () => {
    const queue = open({ concurrentBuilds: 1 });
    const [first, second] = [await queue.queued('ten_1'), await queue.queued('ten_1')];
    await requestCancel(queue.ports, wholeTenant('ten_1'), first);
    await queue.dispatch();
    expect(queue.executions).toEqual([second]);
    expect((await queue.build(first)).state).toBe('cancelled');
  });

  it('takes up builds of an engine that wrote no entries, and counts down those that hold two counters', async () => {
    const queue = open({ concurrentBuilds: 1, concurrentBuildsPerMember: 1 });
    const old = await queue.queued('ten_1');
    const [entry] = await queuedEntries(queue.table);
    if (entry === undefined) throw new Error('there is an entry');
    const { staleEntryWrite } = await import('../../../core/queue/queue-entry.ts');
    await queue.table.transact([staleEntryWrite(entry)]);
    await queue.dispatch();
    expect(queue.executions).toEqual([]);
    await handle(queue.ports, scheduleEnvelope('evt_1', queue.clock.now()));
    expect(queue.executions).toEqual([old]);
    // As an older engine left it: it knows of two counters and of no charge.
    const found = await findBuild(queue.table, old);
    if (found === undefined) throw new Error('there is a build');
    const { slots, charge, ...rest } = found.value;
    expect([slots, charge?.tenantWeight]).toEqual([['member'], 1]);
    await queue.table.transact([buildWrite(rest, found.version)]);
    await queue.end(old, 'failed');
    expect([await queue.running('installation'), await queue.running('ten_1')]).toEqual([0, 0]);
    expect(await queue.running('ten_1#member#mem_1')).toBe(1);
  });

  it('drops an entry whose build is not queued', async () => {
    const queue = open();
    const id = await queue.queued('ten_1');
    const found = await findBuild(queue.table, id);
    if (found === undefined) throw new Error('there is a build');
    await queue.table.transact([buildWrite({ ...found.value, state: 'failed' }, found.version)]);
    await queue.dispatch();
    expect([queue.executions, await queuedEntries(queue.table)]).toEqual([[], []]);
  });

  it('starts one build of each other tenant at most before one that used nothing, teams and priorities aside', async () => {
    const queue = open({ concurrentBuilds: 3 });
    for (const tenant of ['ten_1', 'ten_2', 'ten_3']) {
      for (let number = 0; number < 4; number += 1) await queue.queued(tenant, { priority: 'urgent', seconds: 60 });
    }
    await queue.dispatch();
    const late = await queue.queued('ten_late', { priority: 'low', teamId: 'tea_1' });
    for (let ended = 0; ended < 4; ended += 1) {
      queue.clock.pass(60_000);
      await queue.end(queue.executions[ended] ?? '');
      await queue.dispatch();
    }
    expect(queue.executions.indexOf(late) - 3).toBeLessThanOrEqual(3);
    expect(queue.executions).toContain(late);
  });

  it('is charged for what a build took, and not for what it was thought to take', async () => {
    const queue = open({ concurrentBuilds: 1 });
    const share = async () => {
      const { records } = await queue.table.query({ partition: sharePartition, limit: 10 });
      return records.map(({ data, counters }) => Number(data.finish) + (counters.settled ?? 0));
    };
    const { shardOf } = await import('../../../core/builds/keys.ts');
    const sharePartition = `SHARES#${shardOf('ten_1')}`;
    const id = await queue.queued('ten_1', { seconds: 600 });
    await queue.dispatch();
    expect(await share()).toEqual([600_000]);
    queue.clock.pass(900_000);
    await queue.end(id);
    expect(await share()).toEqual([900_000]);
    expect(await queue.build(id)).not.toHaveProperty('charge');
  });
});

describe('the launch rate', () => {
  it('lets a burst start and then so many a second, whoever dispatches', async () => {
    const queue = open({
      concurrentBuilds: 100,
      concurrentBuildsPerTenant: 100,
      launchRate: { perSecond: 2, burst: 3 },
    });
    for (let number = 0; number < 9; number += 1) await queue.queued('ten_1');
    await Promise.all([queue.dispatch(), queue.dispatch()]);
    expect(queue.executions).toHaveLength(9);
    const started = await Promise.all(queue.executions.map((id) => queue.build(id)));
    const after = started.map(({ startedAt }) => Date.parse(startedAt ?? '') - Date.parse(started[0]?.startedAt ?? ''));
    expect(after).toEqual([0, 0, 0, 500, 1_000, 1_500, 2_000, 2_500, 3_000]);
    // One waited for all, and nobody is taken to wait now.
    expect(queue.clock.slept).toBe(3_000);
    const book = await queue.table.get({ partition: 'DISPATCH', sort: 'BOOK' });
    expect(book?.data).not.toHaveProperty('pacedUntil');
  });

  it('is waited for no longer than a function may: the next call goes on', async () => {
    const queue = open({ launchRate: { perSecond: 0.01, burst: 1 } });
    for (let number = 0; number < 2; number += 1) await queue.queued('ten_1');
    await queue.dispatch();
    expect(queue.executions).toHaveLength(1);
    queue.clock.pass(100_000);
    await queue.dispatch();
    expect(queue.executions).toHaveLength(2);
  });
});

it('a weight holds from the next build on', async () => {
  const queue = open({ concurrentBuilds: 1 });
  for (let number = 0; number < 8; number += 1) await queue.queued('ten_1', { seconds: 60 });
  for (let number = 0; number < 8; number += 1) await queue.queued('ten_2', { seconds: 60 });
  await queue.table.transact([(await tenantWeight(queue.table, 'ten_2')).write(3)]);
  await queue.dispatch();
  for (let ended = 0; ended < 8; ended += 1) {
    queue.clock.pass(60_000);
    await queue.end(queue.executions[ended] ?? '');
    await queue.dispatch();
  }
  const tenants = await tenantsOf(queue, queue.executions.slice(0, 8));
  expect(tenants.filter((tenant) => tenant === 'ten_2')).toHaveLength(6);
  // Nothing of it is changed by a build that is queued and ends before it runs.
  await updateBuild(queue.table, queue.executions[0] ?? '', () => undefined);
});
