import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import { createOwnCaps } from '../quota/own-caps.ts';
import type { Installation } from '../tenancy/installation.ts';
import { readDispatchState } from './dispatch-state.ts';
import { type Outlook, outlooks } from './outlook.ts';
import { slotCaps } from './slots.ts';

export interface OutlookPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly installation: Installation;
}

/** Of each queued build, when it starts and after how many others. */
export interface QueueOutlook {
  readonly at: number;
  readonly builds: ReadonlyMap<string, Outlook & { readonly tenantId: string }>;
}

/** Milliseconds for which what was played forward is told again: for each waiting build one, since each is read for it. */
const leastMilliseconds = 1_000;
const kept = new WeakMap<Table, Promise<QueueOutlook>>();

/** The outlook of all that wait, at most as many milliseconds old as there are builds, or a second. */
export async function readOutlook(ports: OutlookPorts): Promise<QueueOutlook> {
  const before = await kept.get(ports.table);
  const now = ports.clock.now().getTime();
  if (before !== undefined && now - before.at < Math.max(leastMilliseconds, before.builds.size)) return before;
  const made = playForward(ports, now);
  kept.set(ports.table, made);
  // A failure is told to who asked, and not to those who ask later.
  made.catch(() => kept.delete(ports.table));
  return made;
}

async function playForward({ table, installation }: OutlookPorts, now: number): Promise<QueueOutlook> {
  const state = await readDispatchState(table);
  const own = createOwnCaps({ table, installation });
  await own.learn(state.queued);
  const limits = { caps: { ...slotCaps(installation), own: own.known }, rate: installation.launchRate };
  const found = outlooks(state, limits, now);
  const builds = state.queued.flatMap(({ id, tenantId }) => {
    const outlook = found.get(id);
    return outlook === undefined ? [] : [[id, { ...outlook, tenantId }] as const];
  });
  return { at: now, builds: new Map(builds) };
}
