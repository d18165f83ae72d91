import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { listSteps } from '../builds/stage-repository.ts';
import { millisecondsBetween } from '../events/build-subject.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { asShown, hasLeft } from '../sharing/work-of.ts';
import { pendingPlace, takenPlace } from './places.ts';
import { type Fact, outcomes } from './rollup.ts';

/** Days for which it is remembered that a build was counted: its end is told within hours, and redriven within 14 days. */
const rememberedDays = 30;

/**
 * Takes down what analytics keep of a build that has ended, once: where it was taken already, or the build is for nobody
 * (a warming, a verification), nothing is done. Safe to repeat.
 */
export async function takeFacts(
  ports: { readonly table: Table; readonly clock: Clock },
  buildId: string,
): Promise<boolean> {
  const { table, clock } = ports;
  const stored = (await findBuild(table, buildId))?.value;
  // One whose owner left the work that others share is over with that, and nothing tells of it later.
  const build = stored === undefined ? undefined : asShown(stored);
  if (build === undefined || build.purpose !== undefined || build.endedAt === undefined) return false;
  if ((await table.get(takenPlace(buildId))) !== undefined) return false;
  const fact = factOf(build, await cacheUse(table, build));
  if (fact === undefined) return false;
  const expiresAt = Math.floor(clock.now().getTime() / 1_000) + rememberedDays * 86_400;
  try {
    await table.transact([
      { kind: 'put', key: takenPlace(buildId), data: {}, expiresAt, condition: { kind: 'absent' } },
      { kind: 'put', key: pendingPlace(buildId), data: toJsonObject(fact), condition: { kind: 'absent' } },
    ]);
    return true;
  } catch (error) {
    // It was told twice at once.
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

/** A build that shares another's work, or has left its own to others, has none of the work's steps. */
async function cacheUse(table: Table, build: BuildRecord): Promise<Pick<Fact, 'cacheHits' | 'cacheMisses'>> {
  if (hasLeft(build)) return { cacheHits: 0, cacheMisses: 0 };
  const steps = await listSteps(table, build.id);
  const cacheHits = steps.filter(({ hit }) => hit).length;
  return { cacheHits, cacheMisses: steps.length - cacheHits };
}

/** The facts of a build; undefined of one that has not ended. */
export function factOf(build: BuildRecord, cache: Pick<Fact, 'cacheHits' | 'cacheMisses'>): Fact | undefined {
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
    ...cache,
  };
}
