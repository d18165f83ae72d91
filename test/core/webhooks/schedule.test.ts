import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { nextTry, retryAfterSeconds, retrySeconds } from '../../../core/webhooks/schedule.ts';
import { secretText, signedHeaders } from '../../../core/webhooks/signature.ts';

const now = new Date('2026-11-27T06:00:00.000Z');
const secondsTo = (at: Date | undefined) => (at === undefined ? undefined : (at.getTime() - now.getTime()) / 1_000);

describe('the next attempt', () => {
  it('comes later each time, within a tenth of its delay, and after three days no more', () => {
    const total = retrySeconds.reduce((sum, seconds) => sum + seconds, 0);
    expect(total / 86_400).toBeGreaterThan(3);
    for (const [place, seconds] of retrySeconds.entries()) {
      const waits = Array.from({ length: 200 }, (_, n) => secondsTo(nextTry(`whd_${n}`, place + 1, now)) ?? 0);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(seconds * 0.9);
      expect(Math.max(...waits)).toBeLessThanOrEqual(seconds * 1.1);
      // They are spread, not all at one time.
      expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(seconds * 0.15);
    }
    expect(nextTry('whd_1', retrySeconds.length + 1, now)).toBeUndefined();
    expect(nextTry('whd_1', 1, now)).toEqual(nextTry('whd_1', 1, now));
  });

  it.each([
    ['120', 120],
    ['0', 0],
    [' 7 ', 7],
    ['Fri, 27 Nov 2026 06:02:00 GMT', 120],
    ['Fri, 27 Nov 2026 05:00:00 GMT', 0],
    ['-5', undefined],
    ['1e3', undefined],
    ['2026-11-27T06:02:00Z', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads Retry-After %o as %o', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });

  it('waits as long as is asked for, a day at most, and not less than its delay', () => {
    expect(secondsTo(nextTry('whd_1', 1, now, '60'))).toBe(60);
    expect(secondsTo(nextTry('whd_1', 2, now, '1'))).toBeGreaterThanOrEqual(270);
    expect(secondsTo(nextTry('whd_1', 1, now, '999999999'))).toBe(86_400);
  });
});

describe('a signature', () => {
  it('is what the official library makes of the same, byte for byte', () => {
    const secret = secretText(Buffer.alloc(32, 7).toString('base64url'));
    expect(secret).toBe(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
    const other = secretText(Buffer.from(Array.from({ length: 32 }, (_, n) => 255 - n)).toString('base64url'));
    const message = { id: 'whd_1', at: now, body: '{"name":"ä"}' };
    const headers = signedHeaders(message, [secret, other]);
    expect(headers['webhook-signature']?.split(' ')).toEqual(
      [secret, other].map((one) => new Webhook(one).sign(message.id, now, message.body)),
    );
    expect(headers['webhook-timestamp']).toBe(String(now.getTime() / 1_000));
  });
});
