import { publishGate } from '../approvals/gate.ts';
import type { BuildRecord, Failure } from '../builds/build-record.ts';
import { findBuild, updateBuild } from '../builds/build-repository.ts';
import { endBuild } from '../builds/settle.ts';
import { buildSubject, millisecondsBetween } from '../events/build-subject.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table } from '../ports/table.ts';
import { sharerKey } from './places.ts';
import { allSharers, sharersOf } from './sharers.ts';

interface FollowPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Builds that are brought on at one time: each is a transaction of its own. */
const atOnce = 16;

/** How a work ended; undefined while it goes on. */
function outcomeOf(work: BuildRecord): 'succeeded' | 'failed' | undefined {
  if (work.endedAt === undefined) return undefined;
  // Who cancels a work that others share leaves it; no work is cancelled under its sharers.
  return (work.outcome ?? work.state) === 'succeeded' ? 'succeeded' : 'failed';
}

/** What a sharer of a work that did not succeed is told. */
function failureOf(work: BuildRecord): Failure {
  return work.failure ?? { code: 'internal.error', reason: 'The work that the build shared was ended.', logTail: [] };
}

/**
 * Brings every build that shares a work to where the work is. Safe to repeat, and to be cut short: what is left is done
 * by the next call.
 * @returns how many were looked at
 */
export async function bringSharersOn(ports: FollowPorts, workId: string): Promise<number> {
  const found = await findBuild(ports.table, workId);
  if (found === undefined || found.value.sharesWith !== undefined) return 0;
  let count = 0;
  for await (const ids of sharersOf(ports.table, workId)) {
    await eachOf(ids, (id) => bringOn(ports, id, found.value));
    count += ids.length;
  }
  return count;
}

/** Looks at every build that shares a work: which is where no event brought it is brought on. */
export async function sweepSharers(ports: FollowPorts): Promise<string[]> {
  const works = new Map<string, BuildRecord | undefined>();
  const mended: string[] = [];
  for await (const builds of allSharers(ports.table)) {
    const ids = new Set(builds.flatMap(({ sharesWith }) => (sharesWith === undefined ? [] : [sharesWith])));
    const unread = [...ids].filter((id) => !works.has(id));
    await eachOf(unread, async (id) => void works.set(id, (await findBuild(ports.table, id))?.value));
    await eachOf(builds, async (build) => {
      const work = works.get(build.sharesWith ?? '');
      if (work === undefined || !isBehind(build, work)) return;
      await bringOn(ports, build.id, work);
      mended.push(build.id);
    });
  }
  return mended;
}

function isBehind(build: BuildRecord, work: BuildRecord): boolean {
  if (build.endedAt !== undefined) return false;
  return work.endedAt !== undefined || (work.state === 'running' && build.state === 'queued');
}

/**
 * Brings one build to where the work that it shares is, through the same states and events that it would have had by
 * itself. One that has left, or whose end was asked for, is left to its cancellation.
 */
export async function bringOn(ports: FollowPorts, buildId: string, work: BuildRecord): Promise<void> {
  const { startedAt } = work;
  if (startedAt !== undefined) {
    await updateBuild(ports.table, buildId, (build) => {
      if (build.sharesWith !== work.id || build.state !== 'queued' || build.cancelRequestedAt !== undefined) {
        return undefined;
      }
      const { plannedAt = build.submittedAt } = build;
      // Who joins a work that runs already begins then: nothing starts before it was asked for.
      const begins = laterOf(startedAt, plannedAt);
      const waitMilliseconds = millisecondsBetween(build.submittedAt, begins);
      return {
        build: { ...build, state: 'running', startedAt: begins },
        writes: [outboxWrite(ports, 'build.started', build.tenantId, { ...buildSubject(build), waitMilliseconds })],
      };
    });
  }
  const outcome = outcomeOf(work);
  if (outcome === undefined) return;
  const left = [{ kind: 'delete', key: sharerKey(work.id, buildId) } as const];
  const { compliance, vulnerabilities } = work;
  const judged = {
    ...(compliance === undefined ? {} : { compliance }),
    ...(vulnerabilities === undefined ? {} : { vulnerabilities }),
  };
  const build = (await findBuild(ports.table, buildId))?.value;
  if (build?.sharesWith !== work.id) return;
  if (build.cancelRequestedAt !== undefined) await endBuild(ports, buildId, 'cancelled', undefined, left);
  else if (outcome === 'succeeded') {
    const gate = await publishGate(ports, { ...build, ...judged });
    await endBuild(ports, buildId, 'succeeded', undefined, [...left, ...gate.writes], { ...judged, ...gate.fields });
  } else await endBuild(ports, buildId, 'failed', failureOf(work), left, judged);
}

/** Brings a build that has just come to share a work to where that is: one that runs already told so before. */
export async function joinWork(ports: FollowPorts, { id, sharesWith }: BuildRecord): Promise<void> {
  const work = sharesWith === undefined ? undefined : await findBuild(ports.table, sharesWith);
  if (work !== undefined) await bringOn(ports, id, work.value);
}

/** Times of the table are ISO 8601 in UTC with milliseconds: they sort as text. */
function laterOf(one: string, other: string): string {
  return [one, other].sort().at(-1) ?? one;
}

async function eachOf<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, work));
}
