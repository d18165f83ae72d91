import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { scheduleEnvelope } from '../../../core/events/envelope.ts';
import { usedCounter } from '../../../core/quota/lease.ts';
import { countPlace, leasePlace } from '../../../core/quota/places.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import { sweepQuotas, sweepTenant } from '../../../core/quota/sweep.ts';
import { handle } from '../../../functions/events/settle-quotas/settle-quotas.ts';
import { madeImage, openQuotaWorld, type QuotaWorld } from './quota-world.ts';

const hour = 3_600_000;
let world: QuotaWorld;
beforeEach(async () => {
  world = await openQuotaWorld();
});

describe('the sweeper', () => {
  it('ends what a lost event left, but nothing of a build whose event may be on its way', async () => {
    await madeImage(world);
    const tick = () => handle(world, scheduleEnvelope('evt_1', world.clock.now()));
    expect(await tick()).toMatchObject({ settled: 0 });
    world.now += hour;
    expect(await tick()).toEqual({ settled: 1, mended: 0, removed: 0 });
    expect(await world.counted(world.tenantId)).toMatchObject({ 'storedBytes#all': 500 });
  });

  it('makes every counter the sum of its leases again, whatever it was (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom(
            'buildsPerDay#2026-11-26',
            'images#all',
            'storedBytes#all',
            'buildMinutesPerMonth#2026-11-26',
          ),
          fc.integer({ min: -1_000, max: 1_000 }),
        ),
        fc.integer({ min: 0, max: 3 }),
        async (drifts, builds) => {
          world = await openQuotaWorld();
          for (let at = 0; at < builds; at += 1) await madeImage(world);
          for (const [key, by] of Object.entries(drifts)) {
            const [quota = '', period = ''] = key.split('#');
            const place = countPlace(world.tenantId, quota, period);
            await world.table.transact([{ kind: 'increment', key: place, counter: usedCounter, by }]);
          }
          await sweepTenant(world, world.tenantId);
          expect(await world.counted(world.tenantId)).toEqual(await world.leased(world.tenantId));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('does not undo what happens while it looks', async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, () => madeImage(world)));
    const { table } = world;
    // Between its look at the counters and its look at the leases a build is settled and another one comes.
    let looked = 0;
    const slow = {
      ...{ get: table.get.bind(table), transact: table.transact.bind(table) },
      query: async (query: Parameters<typeof table.query>[0]) => {
        looked += 1;
        if (looked === 2) {
          await settleLeases(table, ids[0] ?? '');
          await world.submit();
        }
        return table.query(query);
      },
    };
    await sweepTenant({ ...world, table: slow }, world.tenantId);
    expect(looked).toBe(2);
    expect(await world.counted(world.tenantId)).toEqual(await world.leased(world.tenantId));
    expect(await world.counted(world.tenantId)).toMatchObject({
      'buildsPerDay#2026-11-26': 4,
      'storedBytes#all': 1_900,
    });
  });

  it('removes what is of days and months that are over, and keeps what is stored', async () => {
    const kept = await madeImage(world);
    const failed = await world.submit();
    const failure = { code: 'script.failed', reason: 'so', logTail: [] };
    await endBuild({ ...world, ids: createIds(world.clock) }, failed.id, 'failed', failure);
    world.now += 40 * 24 * hour;
    await sweepQuotas(world);
    await sweepQuotas(world);
    expect(await world.table.get(leasePlace(world.tenantId, failed.id))).toBeUndefined();
    expect(await world.table.get(leasePlace(world.tenantId, kept))).toBeDefined();
    expect(await world.table.get(countPlace(world.tenantId, 'buildsPerDay', '2026-11-26'))).toBeUndefined();
    expect(await world.counted(world.tenantId)).toEqual({ 'images#all': 1, 'storedBytes#all': 500 });
    // Its part of that day is gone with the day: it may be told again, and says nothing.
    expect(await sweepQuotas(world)).toEqual({ settled: 0, mended: 0, removed: 0 });
  });
});
