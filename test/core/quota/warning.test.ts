import { beforeEach, describe, expect, it } from 'vitest';
import { endBuild } from '../../../core/builds/settle.ts';
import { eventDetail } from '../../../core/events/catalogue.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import { overdueEvents } from '../../../core/events/outbox.ts';
import type { Table } from '../../../core/ports/table.ts';
import { reservePlanned } from '../../../core/quota/gate.ts';
import { ownerOfTeam } from '../../../core/quota/places.ts';
import { handle } from '../../../functions/events/settle-quotas/settle-quotas.ts';
import { openQuotaWorld, type QuotaWorld } from './quota-world.ts';

const day = 86_400_000;
let world: QuotaWorld;
beforeEach(async () => {
  world = await openQuotaWorld();
});

async function warnings(): Promise<unknown[]> {
  const events = await overdueEvents(world.table, new Date(8.64e15));
  events.sort((one, other) => (one.at < other.at ? -1 : 1));
  return events.filter(({ type }) => type === 'quota.warning').map((event) => eventDetail(event));
}

/** Ends a build and tells its end. */
async function ended(buildId: string, state: 'failed' | 'cancelled', code?: string): Promise<void> {
  const failure = code === undefined ? undefined : { code, reason: 'so', logTail: [] };
  await endBuild(world, buildId, state, failure);
  const events = await overdueEvents(world.table, new Date(8.64e15));
  const told = events.find(({ type, detail }) => type === `build.${state}` && detail.buildId === buildId);
  if (told === undefined) throw new Error('its end was not told');
  await handle(world, eventEnvelope(told));
  await handle(world, eventEnvelope(told));
}

describe('who uses four fifths of a quota', () => {
  it('is warned once a day, in the transaction that takes it', async () => {
    await world.limit(world.tenantId, { buildsPerDay: 5 });
    for (let builds = 0; builds < 3; builds += 1) await world.submit();
    expect(await warnings()).toEqual([]);
    await world.submit();
    const warning = {
      ...{ quota: 'buildsPerDay', of: 'tenant', period: '2026-11-26', used: 4, limit: 5 },
      freesAt: '2026-11-27T00:00:00.000Z',
    };
    expect(await warnings()).toEqual([warning]);
    await world.submit();
    expect(await warnings()).toEqual([warning]);
    world.now += day;
    for (let builds = 0; builds < 4; builds += 1) await world.submit();
    expect(await warnings()).toEqual([
      warning,
      { ...warning, period: '2026-11-27', freesAt: '2026-11-28T00:00:00.000Z' },
    ]);
  });

  it('is warned by a plan, for a team beside its tenant; of what never frees once a month', async () => {
    await world.limit(ownerOfTeam(world.tenantId, 'tem_1'), { storedBytes: 1_000 });
    await world.limit(world.tenantId, { storedBytes: 10_000 });
    const use = { buildMinutesPerMonth: 1, images: 1, storedBytes: 400 } as const;
    for (let builds = 0; builds < 2; builds += 1) {
      await reservePlanned(world, await world.submit(world.table, { teamId: 'tem_1' }), use);
    }
    const warning = { quota: 'storedBytes', of: 'team', teamId: 'tem_1', period: 'all', used: 800, limit: 1_000 };
    expect(await warnings()).toEqual([warning]);
    world.now += 40 * day;
    await reservePlanned(world, await world.submit(world.table, { teamId: 'tem_1' }), { ...use, storedBytes: 100 });
    expect(await warnings()).toEqual([warning, { ...warning, used: 900 }]);
  });

  it('is warned of what is counted only at the end, however often that is told', async () => {
    await world.limit(world.tenantId, { failedBuildsPerDay: 1 });
    const { id } = await world.submit();
    await ended(id, 'failed', 'script.failed');
    expect(await warnings()).toMatchObject([{ quota: 'failedBuildsPerDay', used: 1, limit: 1 }]);
  });

  it('is warned at the latest with the end of builds that came over it together, neither seeing the other', async () => {
    await world.limit(world.tenantId, { buildsPerDay: 10 });
    for (let builds = 0; builds < 6; builds += 1) await world.submit();
    // Each has read the counters before either writes.
    let waiting = 2;
    const both: (() => void)[] = [];
    const meeting = async (): Promise<void> => {
      waiting -= 1;
      if (waiting === 0) for (const go of both) go();
      else if (waiting > 0) await new Promise<void>((resolve) => both.push(resolve));
    };
    const together: Table = {
      ...{ get: (key) => world.table.get(key), query: (query) => world.table.query(query) },
      transact: async (writes) => {
        await meeting();
        await world.table.transact(writes);
      },
    };
    const [one] = await Promise.all([world.submit(together), world.submit(together)]);
    expect(await world.counted(world.tenantId)).toMatchObject({ 'buildsPerDay#2026-11-26': 8 });
    expect(await warnings()).toEqual([]);
    await ended(one.id, 'cancelled');
    expect(await warnings()).toMatchObject([{ quota: 'buildsPerDay', used: 8, limit: 10 }]);
  });

  it('is not warned where there is no limit, or one of nothing', async () => {
    await world.limit(world.tenantId, { failedBuildsPerDay: 0 });
    await world.submit().catch(() => undefined);
    await world.limit(world.tenantId, {});
    const { id } = await world.submit();
    await ended(id, 'failed', 'script.failed');
    expect(await warnings()).toEqual([]);
  });
});
