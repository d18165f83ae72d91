import { expect, it } from 'vitest';
import { drawTenants } from '../../bench/simulation/tenants/population.ts';
import { needFair, resultOf } from '../../bench/simulation/tenants/tenants-result.ts';
import { TenantsRun } from '../../bench/simulation/tenants/tenants-run.ts';

const size = { tenants: 20, builds: 1_600, slots: 10, seed: 1 } as const;

it('20 tenants get what their weights give them, none starves, and every counter is its leases’ sum', async () => {
  const run = new TenantsRun(size);
  await run.run();
  await run.sweepAll();
  const result = await resultOf(run, size.slots);
  // A build is some two per cent of what the lightest get in so short a run: the ten per cent are for the long one.
  needFair(result, { share: 0.15, pause: 4 });
  expect(result.ended + result.refusedForGood).toBe(size.builds);
  expect(result.contended).toBeGreaterThan(6 * 3_600_000);
  // A tenant that is held back by its tier gets its ten builds a day, and its thirty images.
  const limited = run.tenants.filter(({ tenant }) => tenant.kind === 'limited');
  expect(limited).toHaveLength(1);
  expect(result.refusedForGood).toBeGreaterThan(0);
  // All of what can go wrong has: else it shows nothing.
  const { kills, refusals, duplicates, lost } = run.mishaps;
  expect(Math.min(kills, refusals, duplicates, lost, run.swept.settled)).toBeGreaterThan(0);
  expect(run.swept.mended).toBe(0);
}, 120_000);

it('a counter that drifted is told at the end', async () => {
  const run = new TenantsRun({ ...size, builds: 120 });
  await run.run();
  await run.sweepAll();
  const key = { partition: `QUOTA#${run.tenants[0]?.tenantId}`, sort: 'HEAD#COUNT#images#all' };
  await run.table.transact([{ kind: 'increment', key, counter: 'used', by: 1 }]);
  await expect(resultOf(run, size.slots)).rejects.toThrow(/images#all: the counter says \d+, the leases \d+/);
}, 60_000);

it('builds are dealt out by weight, all of them', () => {
  const tenants = drawTenants(1_000, 100_000);
  expect(tenants.reduce((sum, { builds }) => sum + builds, 0)).toBe(100_000);
  const perWeight = tenants.filter(({ kind }) => kind === 'contender').map(({ builds, weight }) => builds / weight);
  expect(Math.max(...perWeight) - Math.min(...perWeight)).toBeLessThanOrEqual(1.01);
});
