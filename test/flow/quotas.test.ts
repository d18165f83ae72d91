import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { readLease } from '../../core/quota/lease.ts';
import { leasePlace, settingPlace } from '../../core/quota/places.ts';
import { tenantQuotas } from '../../core/quota/quota-view.ts';
import type { QuotaLimits, QuotaName } from '../../core/quota/tiers.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let tenantId: string;
beforeEach(() => {
  tenantId = plane.ports.ids.next('ten');
});

const spec = specWith({ steps: [{ id: 'work', run: 'true' }], outputs: [{ type: 'tar' }] });

async function limit(overrides: QuotaLimits): Promise<void> {
  const data = { overrides, changedAt: new Date().toISOString() };
  await plane.ports.table.transact([{ kind: 'put', key: settingPlace(tenantId), data }]);
}

async function used(quota: QuotaName): Promise<number | undefined> {
  return (await tenantQuotas(plane.ports, tenantId)).quotas.find((one) => one.quota === quota)?.used;
}

/** The lease of a build once its last event has come. */
async function settled(buildId: string) {
  for (;;) {
    const record = await plane.ports.table.get(leasePlace(tenantId, buildId));
    if (record !== undefined && readLease(record).lease.state === 'settled') return readLease(record).lease;
    await sleep(10);
  }
}

it('a build is counted from its submission to what it came to', async () => {
  const build = await plane.submit(spec, {}, tenantId);
  expect(await used('buildsPerDay')).toBe(1);
  const ended = await plane.ended(build.id);
  expect(ended.state).toBe('succeeded');
  const bytes = ended.stages.flatMap(({ steps }) => steps).find(({ program }) => program === 'tar')?.bytes;
  await settled(build.id);
  expect(await Promise.all([used('images'), used('storedBytes'), used('buildMinutesPerMonth')])).toEqual([1, bytes, 1]);
});

it('a build whose plan needs more than there is ends with the code, the numbers and its quota', async () => {
  await limit({ storedBytes: 1_000 });
  const build = await plane.submit(spec, {}, tenantId);
  const ended = await plane.ended(build.id);
  expect(ended).toMatchObject({ state: 'failed', failure: { code: 'quota.exceeded' } });
  expect(ended.failure?.reason).toMatch(/^The tenant has used 0 of 1000 stored bytes, and this asks for \d+ more\.$/);
  expect(ended.startedAt).toBeUndefined();
  await settled(build.id);
  expect(await Promise.all([used('storedBytes'), used('images'), used('failedBuildsPerDay')])).toEqual([0, 0, 1]);
});

it('a build that fails gives back its image and its bytes, and its minutes are counted', async () => {
  plane.agent.scripts.set('work', [{ fails: 'script.failed' }]);
  const build = await plane.submit(spec, {}, tenantId);
  expect((await plane.ended(build.id)).state).toBe('failed');
  const { shares } = await settled(build.id);
  expect(shares.map(({ quota, amount }) => [quota, amount])).toEqual([
    ['failedBuildsPerDay', 1],
    ['buildMinutesPerMonth', 1],
  ]);
});
