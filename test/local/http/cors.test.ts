import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { type HttpFront, startHttpFront } from '../../../local/http/front.ts';

const allowed = 'https://console.example';
const ids = createIds(createSystemClock());
const handle = async () => ({ status: 200, headers: { 'x-request-id': 'req_1' }, body: '{}' });

/** The headers of an answer that are about other origins. */
const crossing = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));

describe('pages of other origins', () => {
  const fronts: Record<'open' | 'closed', HttpFront | undefined> = { open: undefined, closed: undefined };
  beforeAll(async () => {
    fronts.open = await startHttpFront({ handle, maxBodyBytes: 10, ids, origins: [allowed, 'http://localhost:5173'] });
    fronts.closed = await startHttpFront({ handle, maxBodyBytes: 10, ids });
  });
  afterAll(async () => {
    await fronts.open?.close();
    await fronts.closed?.close();
  });
  const preflight = (front: 'open' | 'closed', origin: string) =>
    fetch(`${fronts[front]?.url}/v1/builds`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
  const get = (front: 'open' | 'closed', headers: Record<string, string>) =>
    fetch(`${fronts[front]?.url}/v1/builds`, { headers });

  it('may call where their origin is allowed', async () => {
    const asked = await preflight('open', allowed);
    expect([asked.status, crossing(asked)]).toEqual([
      204,
      {
        'access-control-allow-origin': allowed,
        'access-control-allow-methods': 'GET,POST,PUT,PATCH,DELETE',
        'access-control-allow-headers': 'authorization,content-type,idempotency-key',
        'access-control-max-age': '3600',
        vary: 'origin',
      },
    ]);
    const answer = await get('open', { origin: allowed });
    expect([answer.status, crossing(answer)]).toEqual([
      200,
      {
        'access-control-allow-origin': allowed,
        'access-control-expose-headers': 'location,ratelimit,ratelimit-policy,retry-after,x-request-id',
        vary: 'origin',
      },
    ]);
  });

  it('may read refusals too', async () => {
    const refused = await fetch(`${fronts.open?.url}/`, {
      method: 'POST',
      body: 'x'.repeat(11),
      headers: { origin: allowed },
    });
    expect([refused.status, crossing(refused)['access-control-allow-origin']]).toEqual([413, allowed]);
  });

  it.each([
    'https://console.example.evil',
    'http://console.example',
    'https://console.example:444',
    'null',
    'https://CONSOLE.example',
  ])('of %s may not', async (origin) => {
    for (const answer of [await preflight('open', origin), await get('open', { origin })]) {
      expect(crossing(answer)).toEqual({ vary: 'origin' });
    }
  });

  it('may not where no origin is allowed: the router answers', async () => {
    for (const answer of [await preflight('closed', allowed), await get('closed', { origin: allowed })]) {
      expect([answer.status, crossing(answer)]).toEqual([200, {}]);
    }
  });

  it('are no matter of who sends no origin', async () => {
    expect(crossing(await get('open', {}))).toEqual({ vary: 'origin' });
  });
});
