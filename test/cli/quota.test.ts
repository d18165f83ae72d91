import { afterAll, beforeAll, expect, it } from 'vitest';
import { settingPlace } from '../../core/quota/places.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

const changedAt = '2026-11-26T12:00:00.000Z';
let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const set = (...options: string[]) =>
  cli.run(['tenants', 'quota', cli.tenant.tenantId, '--api-key', cli.tenant.keys.operator, ...options]);

it('lbuild quota shows limit and use, as the operator set them', async () => {
  const free = await set('--tier', 'free', '--limit', 'images=none', 'buildsPerDay=3', '--anchor-day', '7');
  expect([free.code, free.out]).toEqual([
    0,
    expect.stringMatching(
      /^tier free; its month begins on day 7\nbuildsPerDay {2}0 of 3, frees \d{4}-\d\d-\d\dT00:00:00\.000Z\n/,
    ),
  ]);
  const seen = await cli.run(['quota']);
  expect(seen.out).toBe(free.out);
  expect(seen.out).toMatch(/^images {2}0 no limit$/m);
  expect(seen.out).toMatch(/^storedBytes {2}0\.0 GiB of 20\.0 GiB$/m);
});

it('lbuild tenants quota changes nothing where it is told nothing, and takes all back', async () => {
  await cli.api.ports.table.transact([
    { kind: 'put', key: settingPlace(cli.tenant.tenantId), data: { tier: 'team', overrides: {}, changedAt } },
  ]);
  expect((await set()).out).toMatch(/^tier team; /);
  expect(JSON.parse((await set('--reset', '--json')).out)).toMatchObject({ tier: 'unlimited', overrides: {} });
});

it('lbuild quota tells what is wrong', async () => {
  const wrong = await cli.run(['tenants', 'quota', cli.tenant.tenantId, '--limit', 'wishes=3']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('buildsPerDay=20')]);
  const denied = await cli.run(['tenants', 'quota', cli.tenant.tenantId, '--tier', 'business']);
  expect(denied.err).toContain('access.forbidden');
});
