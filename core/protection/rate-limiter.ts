import { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table, type TableRecord } from '../ports/table.ts';
import type { RateLimit } from '../wiring/rate-limit.ts';
import { type Bucket, fullBucket, hasToken, levelOf, taken, takenLate } from './bucket.ts';
import { bucketPlace } from './places.ts';
import { type RateVerdict, untoldAtMost, verdictOf } from './rate-limit.ts';
import { createRecent } from './recent.ts';

const bucketSchema = z.strictObject({
  ...{ fullAt: z.number(), idle: z.number() },
  // Records of an engine before this one have neither, for as long as they stay.
  ...{ givenBack: z.number().default(0), restedUntil: z.number().default(0) },
});

/** Buckets that a process remembers; one that it forgets is read anew, and full where it is of this process alone. */
const remembered = 10_000;

/** Seconds for which the record of a full bucket stays: clocks differ. */
const graceSeconds = 60;

/** What a process knows of a bucket. */
interface Seen {
  /** As it was stored when this process looked last. */
  stored: Bucket;
  /** Version of that record; 0 where there was none, undefined where it was not looked at. */
  version: number | undefined;
  /** The same with what has passed here since: at least as full as the bucket truly is. */
  view: Bucket;
  /** Requests that have passed here since. */
  untold: number;
  /** When the last of these passed. */
  untoldAt: number;
  /** What the record is being told just now. */
  settling: Promise<RateVerdict> | undefined;
}

/** Times that a record is told of while others tell it: after that a request is judged by what was read last. */
const mostTries = 6;

/** Takes tokens of buckets, one a request. */
export interface RateLimiter {
  take(name: string): Promise<RateVerdict>;
}

/**
 * Buckets by name. One that is shared is a record; a process lets requests pass on account and tells the record after a
 * while, or at once while less than half of the bucket is left. A bucket is charged with nothing but what has passed: who
 * keeps to the rate is not refused, as long as there are no more than ten processes. What it is not charged with yet, or never
 * if a process ends, is at most `untoldAtMost` requests a process: since its record was made, at most `burst + perSecond * t +
 * processes * untoldAtMost` pass in a time t, and `burst` more in any time (docs/decisions/0050-a-bucket-is-told-in-batches.md).
 */
export function createRateLimiter(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  limit: RateLimit,
): RateLimiter {
  const buckets = createRecent<Seen>(remembered, () => {
    const full = fullBucket(clock.now().getTime());
    return {
      stored: full,
      version: limit.shared ? undefined : 0,
      view: full,
      untold: 0,
      untoldAt: 0,
      settling: undefined,
    };
  });
  const most = limit.shared ? untoldAtMost(limit) : Number.POSITIVE_INFINITY;
  const judge = (bucket: Bucket, now: number, passes: boolean): RateVerdict =>
    verdictOf(limit, levelOf(limit, bucket, now), passes);

  /** The verdict without asking the table; undefined where that must be asked. */
  const fromView = (seen: Seen, now: number): RateVerdict | undefined => {
    const level = levelOf(limit, seen.view, now);
    if (seen.version === undefined) return undefined;
    // Others can only have taken more.
    if (!hasToken(level)) return judge(seen.view, now, false);
    if (limit.shared && (seen.untold >= most || level.tokens < limit.burst / 2)) return undefined;
    seen.view = taken(limit, seen.view, now, 1);
    seen.untold += 1;
    seen.untoldAt = now;
    return judge(seen.view, now, true);
  };

  /** The verdict where the record cannot be told, since others tell it all the time: it passes on account, as long as that goes. */
  const onAccount = (
    seen: Seen,
    read: { readonly before: Bucket; readonly version: number; readonly record: TableRecord | undefined },
    now: number,
  ): RateVerdict => {
    const { before, version, record } = read;
    if (seen.version === undefined) {
      seen.stored = record === undefined ? before : bucketSchema.parse(record.data);
      seen.version = version;
    }
    const passes = seen.untold < most && hasToken(levelOf(limit, before, now));
    seen.view = passes ? taken(limit, before, now, 1) : before;
    if (passes) [seen.untold, seen.untoldAt] = [seen.untold + 1, now];
    return judge(seen.view, now, passes);
  };

  /** Tells the record what has passed, with the request that asks. */
  const settle = async (name: string, seen: Seen): Promise<RateVerdict> => {
    const key = bucketPlace(name);
    // Mostly nobody else has told of it, and it is as this process left it. One that may be gone may also be another.
    const old = seen.stored.fullAt + graceSeconds * 1_000 < clock.now().getTime();
    let looks = seen.version === undefined || old;
    for (let tries = 1; ; tries += 1) {
      const record = looks ? await table.get(key) : undefined;
      const now = clock.now().getTime();
      const version = looks ? (record?.version ?? 0) : (seen.version ?? 0);
      const before = bucketBefore(limit, seen, record, now);
      const passes = hasToken(levelOf(limit, before, now));
      if (tries > mostTries) return onAccount(seen, { before, version, record }, now);
      const after = passes ? taken(limit, before, now, 1) : before;
      const writes = passes || seen.untold > 0;
      if (writes) {
        const expiresAt = Math.ceil(after.fullAt / 1_000) + graceSeconds;
        const condition = version === 0 ? ({ kind: 'absent' } as const) : ({ kind: 'version', version } as const);
        try {
          await table.transact([{ kind: 'put', key, data: { ...after }, expiresAt, condition }]);
        } catch (error) {
          if (!(error instanceof ConditionFailed)) throw error;
          looks = true;
          continue;
        }
      }
      Object.assign(seen, { stored: after, view: after, version: writes ? version + 1 : version, untold: 0 });
      return judge(after, now, passes);
    }
  };

  return {
    async take(name) {
      const seen = buckets.of(name);
      // One at a time: while the record is told, nobody passes on what it may answer.
      while (seen.settling !== undefined) await seen.settling.catch(() => undefined);
      const verdict = fromView(seen, clock.now().getTime());
      if (verdict !== undefined) return verdict;
      seen.settling = settle(name, seen).finally(() => {
        seen.settling = undefined;
      });
      return seen.settling;
    },
  };
}

/** A bucket as it is known to be, before the request that asks. */
function bucketBefore(limit: RateLimit, seen: Seen, record: TableRecord | undefined, now: number): Bucket {
  if (record === undefined) {
    // Where there was a record, it has been full since before that went, and nobody has told of it since.
    return seen.version === undefined ? fullBucket(now) : seen.view;
  }
  const stored = bucketSchema.parse(record.data);
  const same = record.version === seen.version && stored.fullAt === seen.stored.fullAt;
  if (same || seen.untold === 0) return same ? seen.view : stored;
  return takenLate(limit, stored, now, { tokens: seen.untold, lastAt: seen.untoldAt, idle: seen.stored.idle });
}
