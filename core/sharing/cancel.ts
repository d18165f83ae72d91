import type { Reach } from '../access/reach.ts';
import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { buildWrite, findBuild, getBuild } from '../builds/build-repository.ts';
import { isEnding } from '../builds/ending.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { endBuild } from '../builds/settle.ts';
import { EngineError } from '../errors.ts';
import { buildSubject, millisecondsBetween } from '../events/build-subject.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { closeWork, doorOf } from './claim.ts';
import { sharerKey } from './places.ts';
import { hasSharers } from './sharers.ts';
import { asShown } from './work-of.ts';

interface CancelPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Asks for a build's end: the wish is stored with its event, and what runs is stopped by whoever handles that. Where
 * others share its work the build is over at once, and the work goes on for them. Asking again changes nothing.
 * @throws EngineError build.not_found, build.terminal
 */
export async function requestCancel(
  ports: CancelPorts,
  reach: Reach,
  buildId: string,
  actor: ActorOrEngine = { tenantId: reach.tenantId },
): Promise<BuildRecord> {
  const { tenantId } = reach;
  for (;;) {
    const { value: build, version } = await getBuild(ports.table, reach, buildId);
    if (build.state === 'cancelled' || (build.cancelRequestedAt !== undefined && !isTerminal(build.state)))
      return build;
    if (isTerminal(build.state)) {
      throw new EngineError('build.terminal', `The build has ended: it is ${build.state}.`);
    }
    // The door is read first: who joins after that changes its version.
    const door = await doorOf(ports.table, build);
    const shared = build.sharesWith === undefined && (await hasSharers(ports.table, buildId));
    const now = ports.clock.now().toISOString();
    const { build: asked, writes } = shared
      ? { build: { ...build, withdrawnAt: now }, writes: [] }
      : closeWork({ ...build, cancelRequestedAt: now }, door);
    const told = shared
      ? outboxWrite(ports, 'build.cancelled', tenantId, {
          ...{ ...buildSubject(build), state: 'cancelled' },
          runMilliseconds: millisecondsBetween(build.startedAt, now),
          totalMilliseconds: millisecondsBetween(build.submittedAt, now),
        })
      : outboxWrite(ports, 'build.cancel_requested', tenantId, buildSubject(build));
    const entry = auditWrite(ports, actor, { action: 'build.cancel_requested', target: buildId });
    if (!(await took(ports.table, [buildWrite(asked, version), told, entry, ...writes]))) continue;
    // Its last sharer may have left in between.
    if (shared) await stopUnwanted(ports, asked);
    return asShown(asked);
  }
}

/** Ends a build that shares a work for itself alone, and the work where nobody wants it any more. Safe to repeat. */
export async function leaveWork(ports: CancelPorts, buildId: string, workId: string): Promise<void> {
  await endBuild(ports, buildId, 'cancelled', undefined, [{ kind: 'delete', key: sharerKey(workId, buildId) }]);
  const work = await findBuild(ports.table, workId);
  if (work !== undefined) await stopUnwanted(ports, work.value);
}

/**
 * Asks for the end of a work that its own build has left, where no other shares it any more: the last of them left, or
 * their cancellations met. Whoever comes second of two that leave at once finds the other gone.
 * @returns whether it did
 */
export async function stopUnwanted(
  ports: CancelPorts,
  { id: workId, withdrawnAt }: Pick<BuildRecord, 'id' | 'withdrawnAt'>,
): Promise<boolean> {
  if (withdrawnAt === undefined) return false;
  for (;;) {
    const found = await findBuild(ports.table, workId);
    if (found === undefined) return false;
    const { value: work, version } = found;
    if (isEnding(work)) return false;
    const door = await doorOf(ports.table, work);
    if (await hasSharers(ports.table, workId)) return false;
    const cancelRequestedAt = ports.clock.now().toISOString();
    const { build, writes } = closeWork({ ...work, cancelRequestedAt }, door);
    const told = outboxWrite(ports, 'work.unwanted', work.tenantId, { buildId: workId });
    if (await took(ports.table, [buildWrite(build, version), told, ...writes])) return true;
  }
}

/** False where the build moved on, or somebody joined, between read and write. */
async function took(table: Table, writes: readonly TableWrite[]): Promise<boolean> {
  try {
    await table.transact(writes);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
