import { expectedSeconds } from './charge.ts';
import type { DispatchState } from './dispatch-state.ts';
import { FairQueue } from './fair-queue.ts';
import type { Bucket, LaunchRate } from './launch-rate.ts';
import { afterStart, untilToken } from './launch-rate.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { SlotCaps } from './slots.ts';

/** What a queued build has to look forward to, if nobody else comes and all take what they are thought to take. */
export interface Outlook {
  /** 1 where it starts next. */
  readonly position: number;
  /** Milliseconds since 1970. */
  readonly startsAt: number;
}

/** Seconds that a build is thought to need still that runs longer than it was thought to. */
const overdueSeconds = 30;

/**
 * Plays the queue forward: builds end when they are thought to, and the dispatcher's own rule starts the next ones, under
 * the same caps and the same rate. A build that no end of another lets start has no outlook.
 * @param now milliseconds since 1970
 */
export function outlooks(
  state: Pick<DispatchState, 'queued' | 'running' | 'shares' | 'stored'>,
  limits: { readonly caps: SlotCaps; readonly rate: LaunchRate | undefined },
  now: number,
): ReadonlyMap<string, Outlook> {
  const queue = new FairQueue(state.shares.shares, limits.caps);
  const ends: { readonly at: number; readonly entry: QueueEntry }[] = [];
  for (const entry of state.running) {
    queue.run(entry);
    ends.push({ entry, at: endOf(entry, now) });
  }
  ends.sort((a, b) => b.at - a.at);
  for (const entry of state.queued) queue.add(entry);
  const found = new Map<string, Outlook>();
  let bucket: Bucket | undefined = state.stored.book.bucket;
  let time = now;
  for (;;) {
    for (let start = queue.next(); start !== undefined; start = queue.next()) {
      time += untilToken(bucket, limits.rate, time);
      bucket = afterStart(bucket, limits.rate, time);
      found.set(start.entry.id, { position: found.size + 1, startsAt: time });
      insertEnd(ends, { entry: start.entry, at: time + expectedSeconds(start.entry.seconds) * 1_000 });
    }
    if (queue.waiting === 0) return found;
    const ended = ends.pop();
    if (ended === undefined) return found;
    time = Math.max(time, ended.at);
    queue.end(ended.entry);
  }
}

function endOf({ startedAt, seconds }: QueueEntry, now: number): number {
  const began = startedAt === undefined ? now : Date.parse(startedAt);
  return Math.max(began + expectedSeconds(seconds) * 1_000, now + overdueSeconds * 1_000);
}

/** Keeps the ends sorted, the next one last. */
function insertEnd<End extends { readonly at: number }>(ends: End[], end: End): void {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.at ?? 0) > end.at) low = middle + 1;
    else high = middle;
  }
  ends.splice(low, 0, end);
}
