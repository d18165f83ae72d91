import { billOfRecords, buildUsage } from '../billing/build-cost.ts';
import { totalOf } from '../billing/pricing.ts';
import { readRateCard } from '../billing/rate-repository.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { shardCount } from '../builds/keys.ts';
import { listAttempts, listSteps } from '../builds/stage-repository.ts';
import { millisecondsBetween } from '../events/build-subject.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { asShown, hasLeft } from '../sharing/work-of.ts';
import { latePlace, lateShard, pendingPlace, takenPlace } from './places.ts';
import { type Fact, outcomes } from './rollup.ts';

/** Days for which it is remembered that a build was counted: its end is told within hours, and redriven within 14 days. */
const rememberedDays = 30;

/**
 * Milliseconds after a build's end when it is counted in any case: the reaper ends what is left of its builders within
 * minutes, and what still runs after a day is an engine that stood still.
 */
const waitsAtMost = 86_400_000;

/** Late builds that a call looks at in each shard, the first submitted first: after a day each has been counted. */
const mostLate = 500;

interface FactPorts {
  readonly table: Table;
  readonly clock: Clock;
}

/** What came of a look at a build: `late` where a builder of it runs on. */
type Took = 'taken' | 'late' | 'nothing';

/**
 * Takes down what analytics keep of a build that has ended, once: where it was taken already, or the build is for nobody
 * (a warming, a verification), nothing is done. One of whose builders runs on is counted when that has ended, since it
 * costs until then. Safe to repeat.
 */
export async function takeFacts({ table, clock }: FactPorts, buildId: string): Promise<Took> {
  const stored = (await findBuild(table, buildId))?.value;
  if (stored === undefined) return 'nothing';
  // One whose owner left the work that others share is over with that, and nothing tells of it later.
  const build = asShown(stored);
  if (build.purpose !== undefined || build.endedAt === undefined) return 'nothing';
  if ((await table.get(takenPlace(buildId))) !== undefined) return 'nothing';
  const waits = clock.now().getTime() - Date.parse(build.endedAt) < waitsAtMost;
  if (waits && (await runsOn(table, stored))) {
    const expiresAt = inDays(clock, rememberedDays);
    await table.transact([{ kind: 'put', key: latePlace(buildId), data: {}, expiresAt }]);
    return 'late';
  }
  const fact = factOf(build, { ...(await cacheUse(table, build)), microDollars: await costOf(table, buildId) });
  if (fact === undefined) return 'nothing';
  const expiresAt = inDays(clock, rememberedDays);
  try {
    await table.transact([
      { kind: 'put', key: takenPlace(buildId), data: {}, expiresAt, condition: { kind: 'absent' } },
      { kind: 'put', key: pendingPlace(buildId), data: toJsonObject(fact), condition: { kind: 'absent' } },
    ]);
    return 'taken';
  } catch (error) {
    // It was told twice at once.
    if (error instanceof ConditionFailed) return 'nothing';
    throw error;
  }
}

/** True where a build's work has not ended, as where its owner left it to others, or a builder of it has not. */
async function runsOn(table: Table, stored: BuildRecord): Promise<boolean> {
  if (stored.endedAt === undefined) return true;
  return (await listAttempts(table, stored.id)).some(({ value }) => value.state !== 'ended');
}

const inDays = (clock: Clock, days: number): number => Math.floor(clock.now().getTime() / 1_000) + days * 86_400;

/**
 * Takes down the facts of builds that were late, where their builders have ended.
 * @returns how many were taken
 */
export async function takeLate(ports: FactPorts): Promise<number> {
  let taken = 0;
  for (let shard = 0; shard < shardCount; shard += 1) {
    const { records } = await ports.table.query({ partition: lateShard(shard), limit: mostLate });
    for (const { key } of records) {
      const took = await takeFacts(ports, key.sort);
      if (took === 'late') continue;
      await ports.table.transact([{ kind: 'delete', key }]);
      if (took === 'taken') taken += 1;
    }
  }
  return taken;
}

/** What the builders of a build cost its tenant, in micro-dollars, by the rate card as it is. */
async function costOf(table: Table, buildId: string): Promise<number> {
  const [card, records] = await Promise.all([readRateCard(table), buildUsage(table, buildId)]);
  return totalOf(billOfRecords(card, records));
}

/** A build that shares another's work, or has left its own to others, has none of the work's steps. */
async function cacheUse(table: Table, build: BuildRecord): Promise<Pick<Fact, 'cacheHits' | 'cacheMisses'>> {
  if (hasLeft(build)) return { cacheHits: 0, cacheMisses: 0 };
  const steps = await listSteps(table, build.id);
  const cacheHits = steps.filter(({ hit }) => hit).length;
  return { cacheHits, cacheMisses: steps.length - cacheHits };
}

/** What is counted of a build beside what its record says. */
type Counted = Pick<Fact, 'cacheHits' | 'cacheMisses' | 'microDollars'>;

/** The facts of a build; undefined of one that has not ended. */
export function factOf(build: BuildRecord, counted: Counted): Fact | undefined {
  const { endedAt, template, teamId, base, failure } = build;
  const outcome = outcomes.find((name) => name === build.state);
  if (endedAt === undefined || outcome === undefined) return undefined;
  const queueMilliseconds = millisecondsBetween(build.plannedAt, build.startedAt);
  const runMilliseconds = millisecondsBetween(build.startedAt, endedAt);
  return {
    ...{ buildId: build.id, tenantId: build.tenantId, day: endedAt.slice(0, 10), outcome },
    ...(outcome === 'failed' && failure !== undefined ? { code: failure.code } : {}),
    groups: {
      ...(template === undefined ? {} : { template: template.id }),
      ...(teamId === undefined ? {} : { team: teamId }),
      ...(base === undefined ? {} : { distribution: `${base.distribution}/${base.release}` }),
    },
    ...(queueMilliseconds === undefined ? {} : { queueMilliseconds }),
    ...(runMilliseconds === undefined ? {} : { runMilliseconds }),
    totalMilliseconds: millisecondsBetween(build.submittedAt, endedAt) ?? 0,
    ...counted,
  };
}
