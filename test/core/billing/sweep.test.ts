import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import { attemptUsagePlace, invoicePlace, sumsPartition } from '../../../core/billing/places.ts';
import { daySums } from '../../../core/billing/sums.ts';
import { sweepBilling } from '../../../core/billing/sweep.ts';
import { readUsage } from '../../../core/billing/usage-record.ts';
import type { AttemptRecord, BuildRecord } from '../../../core/builds/build-record.ts';
import { buildWrite } from '../../../core/builds/build-repository.ts';
import { uploadUseKey } from '../../../core/builds/keys.ts';
import { attemptWrite, findAttempt } from '../../../core/builds/stage-repository.ts';
import { scheduleEnvelope } from '../../../core/events/envelope.ts';
import { leaseWrites } from '../../../core/quota/lease.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';
import { handle } from '../../../functions/events/record-usage/record-usage.ts';
import { type BillingWorld, openBillingWorld, tableWith } from './billing-world.ts';

let world: BillingWorld;
beforeEach(async () => {
  world = await openBillingWorld();
  world.now = Date.parse('2026-10-10T12:00:00Z');
});
afterEach(() => world.close());

async function runningAttempt(
  endedAt: string | undefined,
  { id = 'bld_1', preparedAt = '2026-10-10T10:00:00.000Z' } = {},
): Promise<void> {
  const build: BuildRecord = {
    ...{ id, tenantId: world.tenantId, keyId: 'key_1', name: 'x', specDigest: 'a'.repeat(64) },
    ...{ submittedAt: '2026-10-10T10:00:00.000Z', startedAt: '2026-10-10T10:00:00.000Z' },
    ...(endedAt === undefined ? { state: 'running' } : { state: 'cancelled', endedAt }),
  };
  const attempt: AttemptRecord = {
    ...{ stage: 's1', attempt: 1, ticketHash: 'a'.repeat(64), state: 'live', trust: 'tenant', steps: [], blobs: {} },
    ...{ preparedAt, size: { vcpu: 2, memoryMiB: 4_096, diskGiB: 21 } },
  };
  await world.table.transact([buildWrite(build, 'absent'), attemptWrite(id, attempt, 'absent')]);
}

const usageOf = async () => {
  const { partition } = attemptUsagePlace('bld_1', '', 0, '');
  return (await world.table.query({ partition, limit: 10 })).records.map(readUsage);
};

describe('a sweep', () => {
  it('ends an attempt that outlived its build, with what it used until then, once', async () => {
    await runningAttempt('2026-10-10T10:30:00.000Z');
    expect((await sweepBilling(world)).ended).toBe(1);
    expect((await sweepBilling(world)).ended).toBe(0);
    expect((await findAttempt(world.table, 'bld_1', 's1', 1))?.value).toMatchObject({
      state: 'ended',
      ending: 'stopped',
    });
    expect(await usageOf()).toMatchObject([{ payer: 'tenant', quantities: { 'builder.time': 1_800_000 } }]);
  });

  it('ends an attempt that an engine which stood still for two months comes back to', async () => {
    await runningAttempt('2026-10-10T10:30:00.000Z', { preparedAt: '2026-08-10T10:00:00.000Z' });
    expect((await sweepBilling(world)).ended).toBe(1);
    expect(await usageOf()).toHaveLength(3);
  });

  it('goes on after an attempt that it cannot end, and says so at its end', async () => {
    await runningAttempt('2026-10-10T10:30:00.000Z');
    await runningAttempt('2026-10-10T10:30:00.000Z', { id: 'bld_2' });
    const failing = tableWith(world.table, {
      get: async (key) => {
        if (key.partition === 'BUILD#bld_1') throw new Error('unreadable');
        return world.table.get(key);
      },
    });
    await expect(sweepBilling({ ...world, table: failing })).rejects.toMatchObject({
      errors: [{ message: 'unreadable' }],
    });
    expect((await findAttempt(world.table, 'bld_2', 's1', 1))?.value.state).toBe('ended');
    // The tenants had their turn.
    expect((await sweepBilling(world)).sampled).toBe(0);
  });

  it.each([
    ['runs', undefined],
    ['has just ended', '2026-10-10T11:55:00.000Z'],
  ])('leaves one alone whose build %s', async (_, endedAt) => {
    await runningAttempt(endedAt);
    expect((await sweepBilling(world)).ended).toBe(0);
    expect(await usageOf()).toEqual([]);
  });

  it('goes on after a tenant that it cannot bill, looks at it no sooner than the others, and says so', async () => {
    const { record, write } = newTenant(world.clock, createIds(world.clock), { name: 'two' });
    await world.table.transact([write]);
    // The older one is first.
    const failing = tableWith(world.table, {
      query: async (query) => {
        if (query.partition === sumsPartition(world.tenantId)) throw new Error('unreadable');
        return world.table.query(query);
      },
    });
    world.now = Date.parse('2026-11-12T12:00:00Z');
    await expect(sweepBilling({ ...world, table: failing })).rejects.toMatchObject({
      errors: [{ message: 'unreadable' }],
    });
    const closed = await world.table.query({ partition: invoicePlace(record.tenantId, '').partition, limit: 10 });
    expect(closed.records.map(({ key }) => key.sort)).toEqual(['2026-10-10']);
    expect(await sweepBilling({ ...world, table: failing })).toMatchObject({ sampled: 0, invoices: 0 });
    world.now += 3_600_000;
    expect(await sweepBilling(world)).toMatchObject({ invoices: 1 });
  });

  it('comes to the tenants behind one that takes the function with it', async () => {
    const { record, write } = newTenant(world.clock, createIds(world.clock), { name: 'two' });
    await world.table.transact([write]);
    world.now = Date.parse('2026-11-12T12:00:00Z');
    let reached: () => void = () => {};
    const stuck = new Promise<void>((resolve) => {
      reached = resolve;
    });
    // Its work never ends.
    const hanging = tableWith(world.table, {
      query: (query) => {
        if (query.partition !== sumsPartition(world.tenantId)) return world.table.query(query);
        reached();
        return new Promise(() => {});
      },
    });
    void sweepBilling({ ...world, table: hanging });
    await stuck;
    expect(await sweepBilling(world)).toMatchObject({ invoices: 1 });
    expect((await world.table.get(invoicePlace(record.tenantId, '2026-10-10')))?.data).toBeDefined();
    // That one has its turn in the next lap.
    world.now += 3_600_000;
    expect(await sweepBilling(world)).toMatchObject({ invoices: 1 });
  });

  it('samples what is stored once a day: of builds that are over, by team, and uploads', async () => {
    const lease = (buildId: string, bytes: number, state: 'planned' | 'settled', teamId?: string) =>
      leaseWrites(world.tenantId, undefined, {
        ...{ buildId, owner: world.tenantId, state, at: '2026-10-09T00:00:00.000Z' },
        ...(teamId === undefined ? {} : { teamId }),
        shares: [{ quota: 'storedBytes', period: 'all', amount: bytes }],
      });
    for (const writes of [
      lease('bld_2', 10_240, 'settled'),
      lease('bld_3', 1_025, 'settled', 'team_1'),
      lease('bld_4', 1_024, 'settled', 'team_1'),
      lease('bld_5', 5_000_000, 'planned'),
      [{ kind: 'increment', key: uploadUseKey(world.tenantId), counter: 'bytes', by: 2_048 } as const],
    ]) {
      await world.table.transact(writes);
    }
    const sample = async () => {
      const found: string[] = [];
      for await (const sum of daySums(world.table, world.tenantId, { from: '2026-10-01', to: '2026-11-01' })) {
        found.push(`${sum.day} ${sum.kind} ${sum.teamId ?? '-'} ${sum.quantity}`);
      }
      return found;
    };
    expect((await sweepBilling(world)).sampled).toBe(1);
    const day = ['storage.artifacts - 10', 'storage.artifacts team_1 3', 'storage.uploads - 2'];
    expect(await sample()).toEqual(day.map((one) => `2026-10-10 ${one}`));
    // Laps begin an hour apart; the day has its sample.
    world.now += 3_600_000;
    expect((await sweepBilling(world)).sampled).toBe(0);
    world.now = Date.parse('2026-10-11T00:10:00Z');
    expect((await sweepBilling(world)).sampled).toBe(1);
    expect(await sample()).toEqual(['2026-10-10', '2026-10-11'].flatMap((on) => day.map((one) => `${on} ${one}`)));
  });

  it('closes invoices that are due, and looks at no tenant twice in a lap', async () => {
    world.now = Date.parse('2026-11-06T01:00:00Z');
    const tick = scheduleEnvelope('evt_1', new Date(world.now));
    expect(await handle(world, tick)).toMatchObject({ invoices: 1 });
    expect(await handle(world, tick)).toMatchObject({ invoices: 0, sampled: 0 });
    expect((await world.table.get(invoicePlace(world.tenantId, '2026-10-05')))?.data).toMatchObject({
      state: 'closed',
    });
  });
});
