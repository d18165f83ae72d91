import { lastUseOf } from '../builds/stage-repository.ts';
import { cachedBlobs, type StoredResult } from './stored-results.ts';

/**
 * What was used within this time is never evicted: a build that has taken a result needs it until its end. A stage may
 * wait for a day (AwaitDependencies of lib/build.asl.json), and a use is noted to within an hour.
 */
export const leaseMilliseconds = 90_000_000;

/**
 * What nobody used for so long goes also where there is room: what is made once and never again would else fill the
 * table for ever, though its bytes are few.
 */
export const idleMilliseconds = 180 * 86_400_000;

export interface EvictionRule {
  /** Bytes of layers, indexes and modules that may stay. */
  readonly limitBytes: number;
  /** Of these, those of each tenant; absent: no limit of its own. */
  readonly limitBytesPerTenant?: number;
  /** Of these, those of what all share. */
  readonly limitBytesShared?: number;
  readonly now: Date;
  /** The most that go at one time. */
  readonly most: number;
}

export interface Eviction {
  /** Bytes of all blobs that a result points to, each once. */
  readonly bytes: number;
  /** Of these, what is left when the victims are gone. */
  readonly bytesAfter: number;
  /** In the order in which they go. */
  readonly victims: readonly StoredResult[];
}

/** How a result is named among those that builds need. */
export function resultName(scope: string, key: string): string {
  return `${scope} ${key}`;
}

/**
 * Which results go so that the rest fits the limits, the installation's and that of each scope: those that were not used for the longest time, but none that a
 * build needs and none that was used within a day. A blob that several results point to counts once, and is freed with
 * the last of them. Pointers to artifacts free nothing, since users download those: they go only when nobody used them
 * for half a year, as all others do then.
 * @param needed names of the results that builds which have not ended need
 */
export function chooseEvictions(
  results: readonly StoredResult[],
  needed: { has(name: string): boolean },
  rule: EvictionRule,
): Eviction {
  const pointers = new Map<string, number>();
  const scopes = new Map<string, number>();
  const add = (scope: string, by: number): void => void scopes.set(scope, (scopes.get(scope) ?? 0) + by);
  let bytes = 0;
  for (const stored of results) {
    for (const { place, size } of cachedBlobs(stored)) {
      const count = pointers.get(place.path) ?? 0;
      if (count === 0) {
        bytes += size;
        add(stored.scope, size);
      }
      pointers.set(place.path, count + 1);
    }
  }
  const leased = new Date(rule.now.getTime() - leaseMilliseconds).toISOString();
  const idle = new Date(rule.now.getTime() - idleMilliseconds).toISOString();
  const isIdle = ({ result }: StoredResult): boolean => lastUseOf(result) < idle;
  const candidates = results
    .filter((stored) => lastUseOf(stored.result) < leased && (cachedBlobs(stored).length > 0 || isIdle(stored)))
    .filter(({ scope, result }) => !needed.has(resultName(scope, result.key)))
    .sort((a, b) => compare(lastUseOf(a.result), lastUseOf(b.result)) || compare(a.result.key, b.result.key));
  const victims: StoredResult[] = [];
  let bytesAfter = bytes;
  for (const candidate of candidates) {
    if (victims.length >= rule.most) break;
    const own = candidate.scope === 'shared' ? rule.limitBytesShared : rule.limitBytesPerTenant;
    const fitsOwn = own === undefined || (scopes.get(candidate.scope) ?? 0) <= own;
    if (bytesAfter <= rule.limitBytes && fitsOwn && !isIdle(candidate)) continue;
    victims.push(candidate);
    for (const { place, size } of cachedBlobs(candidate)) {
      const count = (pointers.get(place.path) ?? 0) - 1;
      if (count === 0) {
        bytesAfter -= size;
        add(candidate.scope, -size);
      }
      pointers.set(place.path, count);
    }
  }
  return { bytes, bytesAfter, victims };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
