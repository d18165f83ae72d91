import type { Table } from '../../../core/ports/table.ts';
import { chargedSeconds } from '../../../core/queue/charge.ts';
import { waitingBuilds } from '../../../core/queue/places-in-queue.ts';
import { queuedEntries, runningEntries } from '../../../core/queue/queue-entry.ts';
import { runningBuilds } from '../../../core/queue/slots.ts';
import { readLease, sumOf, usedCounter } from '../../../core/quota/lease.ts';
import { isOver } from '../../../core/quota/periods.ts';
import { countOf, headPrefix, leasePlace, leasePrefix, settingPlace } from '../../../core/quota/places.ts';
import { leasedQuotas } from '../../../core/quota/tiers.ts';
import { limitedQuotas } from './population.ts';
import type { RunBuild, RunTenant } from './run-build.ts';
import type { TenantsRun } from './tenants-run.ts';

/** What contenders of one weight got. */
export interface WeightResult {
  readonly weight: number;
  readonly tenants: number;
  readonly builds: number;
  /** Least and most of what a tenant got of the slots while all contended, over what its weight gives it. */
  readonly share: { readonly least: number; readonly most: number };
  /** Milliseconds from the queue to the start. */
  readonly waits: readonly number[];
  /**
   * The longest that a tenant with a build that waited was passed over, as a multiple of what it owed by its weight then:
   * the charge of its build before, and what builds that ended meanwhile took beyond theirs. 1 is a fair turn.
   */
  readonly pause: number;
}

/** What a run came to. */
export interface TenantsResult {
  /** Milliseconds in which every contender always had builds that waited. */
  readonly contended: number;
  readonly makespan: number;
  readonly weights: readonly WeightResult[];
  readonly ended: number;
  readonly refusedForGood: number;
  readonly counters: number;
}

/**
 * What the run shows, checked on the way.
 * @throws Error where a counter is not the sum of the live leases or not what the builds themselves say; where anything is
 *   held after the end; where a limit was passed
 */
export async function resultOf(run: TenantsRun, slots: number): Promise<TenantsResult> {
  const contenders = run.tenants.filter(({ tenant }) => tenant.kind === 'contender');
  const contended = Math.min(...contenders.map(({ builds }) => Math.max(...builds.map(startOf))));
  const service = contenders.map((one) => one.builds.reduce((sum, build) => sum + overlap(build, contended), 0));
  const total = service.reduce((sum, own) => sum + own, 0);
  const weightSum = contenders.reduce((sum, { tenant }) => sum + tenant.weight, 0);
  const weights = [...new Set(contenders.map(({ tenant }) => tenant.weight))].sort((a, b) => a - b);
  const counters = await checkCounters(run);
  await checkNothingHeld(run);
  const builds = run.tenants.flatMap((one) => one.builds);
  return {
    ...{ contended, counters, makespan: Math.max(...builds.map(({ endedAt }) => endedAt ?? 0)) },
    weights: weights.map((weight) => {
      const places = [...contenders.keys()].filter((place) => contenders[place]?.tenant.weight === weight);
      const own = places.flatMap((place) => contenders[place] ?? []);
      const shares = places.map((place) => (service[place] ?? 0) / total / (weight / weightSum));
      const all = own.flatMap((one) => one.builds);
      return {
        ...{ weight, tenants: own.length, builds: all.length },
        share: { least: Math.min(...shares), most: Math.max(...shares) },
        waits: all.flatMap(({ queuedAt, startedAt }) =>
          queuedAt === undefined || startedAt === undefined ? [] : [startedAt - queuedAt],
        ),
        pause: Math.max(...own.map((one) => longestPause(one, contended, weightSum / slots))),
      };
    }),
    ended: builds.filter(({ endedAt }) => endedAt !== undefined).length,
    refusedForGood: builds.filter(({ refused }) => refused).length,
  };
}

/** What a run must show of fairness. */
export interface FairnessBounds {
  /** How far from what its weight gives it a tenant's share may be: 0.1 is ten per cent. */
  readonly share: number;
  /** Fair turns for which a tenant may be passed over. */
  readonly pause: number;
}

/** @throws Error where a tenant got another share than its weight gives it, or starved */
export function needFair(result: TenantsResult, bounds: FairnessBounds): void {
  for (const { weight, share, pause } of result.weights) {
    const off = Math.max(share.most - 1, 1 - share.least);
    if (off > bounds.share)
      throw new Error(`a tenant of weight ${weight} is ${(off * 100).toFixed(1)} % off its share`);
    if (pause > bounds.pause) throw new Error(`a tenant of weight ${weight} was passed over for ${pause} fair turns`);
  }
}

const startOf = ({ startedAt }: RunBuild): number => startedAt ?? Number.POSITIVE_INFINITY;

/** Milliseconds that a build had a slot before a time. */
function overlap({ startedAt, endedAt }: RunBuild, before: number): number {
  if (startedAt === undefined || endedAt === undefined) return 0;
  return Math.max(0, Math.min(endedAt, before) - startedAt);
}

/** @param perSlot weights that contend, over the slots */
function longestPause({ builds, tenant }: RunTenant, contended: number, perSlot: number): number {
  const started = builds
    .filter(({ startedAt }) => startedAt !== undefined && startedAt <= contended)
    .sort((a, b) => startOf(a) - startOf(b));
  let worst = 0;
  for (const [place, build] of started.entries()) {
    const before = started[place - 1];
    if (before === undefined) continue;
    const since = Math.max(startOf(before), build.queuedAt ?? 0);
    let owed = chargedSeconds(before.estimate) * 1_000;
    for (const { endedAt, milliseconds, estimate } of started) {
      if (endedAt === undefined || endedAt < startOf(before) || endedAt > startOf(build)) continue;
      owed += Math.max(0, milliseconds - chargedSeconds(estimate) * 1_000);
    }
    worst = Math.max(worst, (startOf(build) - since) / ((owed * perSlot) / tenant.weight));
  }
  return worst;
}

/** Every counter against the leases, and against what the builds themselves say. Answers how many were compared. */
async function checkCounters(run: TenantsRun): Promise<number> {
  let compared = 0;
  const now = run.clock.now();
  for (const one of run.tenants) {
    const leased = await leasesOf(run.table, one.tenantId);
    const counted = await countersOf(run.table, one.tenantId);
    for (const key of new Set([...leased.keys(), ...counted.keys()])) {
      const [name = '', period = ''] = key.split('#');
      const quota = leasedQuotas.find((known) => known === name);
      if (quota === undefined || isOver(quota, period, now)) continue;
      compared += 1;
      const [is, should] = [counted.get(key) ?? 0, leased.get(key) ?? 0];
      if (is !== should) throw new Error(`${one.tenantId} ${key}: the counter says ${is}, the leases ${should}`);
    }
    const made = one.builds.filter(({ outcome, startedAt }) => outcome === 'succeeded' && startedAt !== undefined);
    const bytes = made.reduce((sum, build) => sum + build.bytes, 0);
    for (const [key, should] of [
      ['images#all', made.length],
      ['storedBytes#all', bytes],
    ] as const) {
      const is = counted.get(key) ?? 0;
      if (is !== should) throw new Error(`${one.tenantId} ${key}: the counter says ${is}, its builds ${should}`);
    }
    if (one.tenant.kind === 'limited' && made.length > limitedQuotas.images) throw new Error('a limit was passed');
  }
  return compared;
}

async function leasesOf(table: Table, tenantId: string): Promise<Map<string, number>> {
  const { partition } = leasePlace(tenantId, '');
  const { records } = await table.query({ partition, sortPrefix: leasePrefix, limit: 1_000_000 });
  const sums = sumOf(records.flatMap((record) => readLease(record).lease.shares));
  return new Map([...sums].map(([key, { amount }]) => [key, amount]));
}

async function countersOf(table: Table, tenantId: string): Promise<Map<string, number>> {
  const { partition } = settingPlace(tenantId);
  const { records } = await table.query({ partition, sortPrefix: headPrefix, limit: 1_000_000 });
  return new Map(
    records.flatMap((record) => {
      const of = countOf(record.key);
      return of === undefined ? [] : [[`${of.quota}#${of.period}`, record.counters[usedCounter] ?? 0] as const];
    }),
  );
}

/** No slot, no place in the queue and no reservation is held once everything has ended. */
async function checkNothingHeld({ table, tenants }: TenantsRun): Promise<void> {
  const left = [...(await queuedEntries(table)), ...(await runningEntries(table))];
  if (left.length > 0) throw new Error(`${left.length} builds are in the queue or run after the end`);
  for (const name of ['installation', ...tenants.map(({ tenantId }) => tenantId)]) {
    const [running, waiting] = [await runningBuilds(table, name), await waitingBuilds(table, name)];
    if (running !== 0 || waiting !== 0) throw new Error(`${name} has ${running} slots and ${waiting} places left`);
  }
}
