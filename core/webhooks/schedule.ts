import { sha256 } from '../digest.ts';
import { webhookLimits } from './limits.ts';

/**
 * Seconds from each attempt that failed to the next one: what the specification of Standard Webhooks suggests. With the
 * first they are ten attempts over three days and some hours.
 */
export const retrySeconds: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/** Attempts of a delivery before it is given up. */
export const mostTries = retrySeconds.length + 1;

/** Share by which a delay may be longer or shorter, so that what failed together does not come again together. */
const jitter = 0.1;

/**
 * When a delivery is tried again; undefined where it is given up. The same delivery and attempt give the same time.
 * @param tries attempts that it has had
 * @param retryAfter the header as the endpoint sent it: it is waited for at least so long
 */
export function nextTry(deliveryId: string, tries: number, now: Date, retryAfter?: string): Date | undefined {
  const seconds = retrySeconds[tries - 1];
  if (seconds === undefined) return undefined;
  const chance = Number.parseInt(sha256(`${deliveryId}#${tries}`).slice(0, 8), 16) / 2 ** 32;
  const spread = seconds * (1 - jitter + 2 * jitter * chance);
  const asked = Math.min(retryAfterSeconds(retryAfter, now) ?? 0, webhookLimits.mostRetryAfterSeconds);
  return new Date(now.getTime() + Math.round(Math.max(spread, asked) * 1_000));
}

/** Seconds that a Retry-After asks for: a number or a date (RFC 9110, 10.2.3); undefined where it is neither. */
export function retryAfterSeconds(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  // A date of HTTP names its day: what else Date.parse reads is none.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now.getTime()) / 1_000));
}
