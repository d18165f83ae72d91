import type { BuildRecord } from '../builds/build-record.ts';
import { updateBuild } from '../builds/build-repository.ts';
import { buildSubject, millisecondsBetween } from '../events/build-subject.ts';
import { outboxWrite } from '../events/outbox.ts';
import { noMaintenance } from '../maintenance/maintenance.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { type Book, bookWrite, type StoredBook } from './dispatch-book.ts';
import type { Start } from './fair-queue.ts';
import { afterStart, type LaunchRate } from './launch-rate.ts';
import { chargeWrites, type StoredShares } from './share-repository.ts';
import { heldSlots, type SlotCaps, takeSlots } from './slots.ts';

/** What came of a start. */
export type StartOutcome =
  | { readonly kind: 'started'; readonly book: StoredBook }
  /** It is queued no more, or was cancelled. */
  | { readonly kind: 'gone' }
  /** Somebody else started one, changed a weight, or began maintenance: what was decided is out of date. */
  | { readonly kind: 'outdated' }
  /** The counters of these say that a cap is reached. */
  | { readonly kind: 'full'; readonly owners: readonly string[] };

/**
 * Moves a queued build to running in one transaction: its state, the counters of the caps, what it is charged for, the
 * token of its start. Where any of these is not as it was when the start was decided, nothing is written.
 */
export async function startQueued(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  start: Start,
  decided: { readonly stored: StoredBook; readonly shares: StoredShares },
  limits: { readonly caps: SlotCaps; readonly rate: LaunchRate | undefined },
): Promise<StartOutcome> {
  const { entry, charge } = start;
  const { stored } = decided;
  const now = ports.clock.now();
  const bucket = afterStart(stored.book.bucket, limits.rate, now.getTime());
  const book: Book = {
    ...stored.book,
    time: Math.max(stored.book.time, charge?.tenant.begin ?? 0),
    ...(bucket === undefined ? {} : { bucket }),
  };
  const slots = takeSlots(entry, limits.caps);
  const shared = [bookWrite(book, stored), noMaintenance, ...chargeWrites(start, decided.shares)];
  let moved = false;
  try {
    await updateBuild(ports.table, entry.id, (current) => {
      moved = current.state === 'queued' && current.cancelRequestedAt === undefined;
      if (!moved) return undefined;
      const build = runningBuild(current, start, heldSlots(entry, limits.caps), now);
      const { id, tenantId, submittedAt, withdrawnAt } = current;
      const told =
        withdrawnAt === undefined
          ? outboxWrite(ports, 'build.started', tenantId, {
              ...{ ...buildSubject(current), waitMilliseconds: millisecondsBetween(submittedAt, now) },
            })
          : outboxWrite(ports, 'work.started', tenantId, { buildId: id });
      return { build, writes: [...shared, ...slots.map(({ write }) => write), told] };
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // The build's own write stands before them.
    if (shared.some((_, place) => error.failed.includes(place + 1))) return { kind: 'outdated' };
    const owners = slots.flatMap(({ name }, place) => (error.failed.includes(shared.length + 1 + place) ? [name] : []));
    if (owners.length === 0) throw error;
    return { kind: 'full', owners };
  }
  if (!moved) return { kind: 'gone' };
  return { kind: 'started', book: { book, version: (stored.version ?? 0) + 1 } };
}

function runningBuild(
  build: BuildRecord,
  { charge }: Start,
  slots: NonNullable<BuildRecord['slots']>,
  now: Date,
): BuildRecord {
  const team = charge?.team;
  return {
    ...build,
    ...{ state: 'running', startedAt: now.toISOString(), holdsSlot: true },
    ...(slots.length === 0 ? {} : { slots }),
    ...(charge === undefined
      ? {}
      : {
          charge: {
            ...{ seconds: charge.seconds, tenantWeight: charge.tenant.weight },
            ...(team === undefined ? {} : { teamWeight: team.weight }),
          },
        }),
  };
}
