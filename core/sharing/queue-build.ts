import type { BuildRecord } from '../builds/build-record.ts';
import { buildWrite, findBuild } from '../builds/build-repository.ts';
import { mayBecome } from '../builds/lifecycle.ts';
import { buildSubject, millisecondsBetween } from '../events/build-subject.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { leavePlace } from '../queue/places-in-queue.ts';
import { entryWrites } from '../queue/queue-entry.ts';
import { placeBuild } from './claim.ts';

/**
 * Queues a planned build, with its event: as a work of its own, or as one more that shares the work which the tenant
 * has queued or running for the same plan. Of any number at once exactly one leads. Answers the build as it is then.
 * @param change the build as it is to be queued and what is written beside it; undefined to leave it as it is
 * @param storeWork stores what its execution reads, before the build may be started; not called where it shares
 */
export async function queueBuild(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  buildId: string,
  change: (build: BuildRecord) => { build: BuildRecord; writes?: readonly TableWrite[] } | undefined,
  storeWork: () => Promise<void> = async () => undefined,
): Promise<BuildRecord | undefined> {
  for (;;) {
    const found = await findBuild(ports.table, buildId);
    if (found === undefined) return undefined;
    const next = change(found.value);
    if (next === undefined) return found.value;
    if (next.build.state !== 'queued' || !mayBecome(found.value.state, 'queued')) {
      throw new Error(`a build cannot go from ${found.value.state} to ${next.build.state} by being queued`);
    }
    const { build: placed, writes } = await placeBuild(ports.table, next.build);
    const { build, writes: place } = leavePlace(placed);
    if (build.sharesWith === undefined) await storeWork();
    const told = outboxWrite(ports, 'build.queued', build.tenantId, {
      ...{ ...buildSubject(build), planMilliseconds: millisecondsBetween(build.submittedAt, build.plannedAt) },
    });
    try {
      await ports.table.transact([
        ...[buildWrite(build, found.version), ...writes, told, ...(next.writes ?? [])],
        ...[...entryWrites(found.value, build), ...place],
      ]);
      return build;
    } catch (error) {
      // The build moved on, or another one took or left the work in between: look again. Each round needs a change by
      // somebody else; a condition of the caller's own writes stays false.
      const [first, last] = [0, writes.length];
      const again = error instanceof ConditionFailed && error.failed.some((at) => at >= first && at <= last);
      if (!again) throw error;
    }
  }
}
