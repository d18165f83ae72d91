import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { keyWith } from '../../support/members.ts';
import { type ApiUnderTest, openApi, type TenantUnderTest } from './api-under-test.ts';
import { call, problemOf } from './http-call.ts';

/** So slow that no test sees a token come back. */
const rateLimit = { burst: 5, perSecond: 0.01, shared: true };

describe('the rate of a key', () => {
  const table = openSqliteTable({ file: ':memory:', clock: createSystemClock() });
  let api: ApiUnderTest;
  let tenant: TenantUnderTest;
  beforeAll(async () => {
    api = await openApi(table, { rateLimit });
    tenant = await api.tenant('rates');
  });
  afterAll(async () => {
    await api.close();
    table.close();
  });
  const list = (key: string) => call(`${api.url}/v1/builds`, { key });
  const rates = (answer: Awaited<ReturnType<typeof list>>) => answer.headers.get('ratelimit');

  it('is told with each answer, and ends in 429 with a time to come back', async () => {
    const key = tenant.keys.viewer;
    for (let left = 4; left >= 0; left -= 1) {
      const answer = await list(key);
      expect([answer.status, rates(answer)?.split(';t=')[0]]).toEqual([200, `"key";r=${left}`]);
      expect(answer.headers.get('ratelimit-policy')).toBe('"key";q=5;w=500');
    }
    const refused = await list(key);
    expect([refused.status, problemOf(refused).code]).toEqual([429, 'request.rate_limited']);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(90);
    expect(wait).toBeLessThanOrEqual(100);
    expect(rates(refused)).toMatch(/^"key";r=0;t=\d+$/);
  });

  it('is each key’s own, and no rate of who has no key', async () => {
    expect((await list(tenant.keys.builder)).status).toBe(200);
    const health = await call(`${api.url}/v1/health`);
    expect([health.status, rates(health)]).toEqual([200, null]);
    for (let count = 0; count < 6; count += 1) expect((await list('lbk_nothing')).status).toBe(401);
  });

  it('is spent by what is refused for want of rights, and not from where the key is not for', async () => {
    const { text } = await keyWith(api.ports, tenant.tenantId, ['viewer'], { addressRanges: ['192.0.2.0/24'] });
    const elsewhere = await Promise.all(Array.from({ length: 7 }, () => list(text)));
    expect(elsewhere.map(({ status, headers }) => [status, headers.get('ratelimit')])).toEqual(
      Array.from({ length: 7 }, () => [403, null]),
    );
    const forbidden = () => call(`${api.url}/v1/members`, { key: tenant.keys.builder, body: '{}' });
    expect([(await forbidden()).status, (await forbidden()).status]).toEqual([403, 403]);
    expect(rates(await list(tenant.keys.builder))).toMatch(/^"key";r=1;/);
  });
});
