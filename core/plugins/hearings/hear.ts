import { isPublic } from '../../events/catalogue.ts';
import type { EngineEvent } from '../../events/event.ts';
import { type TableKey, wrote } from '../../ports/table.ts';
import { type Slots, withSlot } from '../../slots.ts';
import { inOrder } from '../declaration.ts';
import { pluginLimits } from '../limits.ts';
import { hearingPlace, hearingSlotPlace } from '../places.ts';
import { enabledPlugins } from '../plugin-repository.ts';
import { hearingWrite, newHearing } from './hearing.ts';
import { type HearPorts, hears, type Told, tellHearing } from './tell.ts';

/** What came of some hearings, by how often. left: they are the sweep's. */
export type HearTally = Partial<Record<Told | 'left', number>>;

/** Milliseconds after which a call begins no more runs: the next sweep goes on. */
export const callBudget = 40_000;

/** What a tenant's calls hold meanwhile: a call takes its budget and its last run. */
export const slotsOf = (tenantId: string): Slots => ({
  places: Array.from({ length: pluginLimits.hearingSlots.value }, (_, slot) => hearingSlotPlace(tenantId, slot)),
  leaseMilliseconds: callBudget + 60_000,
});

/**
 * Tells an event to the plugins of its tenant that hear it: writes down a hearing for each, once however often the event
 * comes, and runs them in their order, where the tenant has a slot for that. What it has no slot or time for is left to the
 * sweep.
 * @throws what a run throws, after all have been begun
 */
export async function hearEvent(ports: HearPorts, event: EngineEvent, signal: AbortSignal): Promise<HearTally> {
  const { table, clock } = ports;
  const { tenantId, type } = event;
  if (!isPublic(type)) return {};
  const hearers = inOrder(await enabledPlugins(table, tenantId), 'onEvent').filter((plugin) => hears(plugin, type));
  if (hearers.length === 0) return {};
  const keys = await Promise.all(
    hearers.map(async ({ name }): Promise<TableKey> => {
      const hearing = newHearing(event, name, clock.now());
      // Where it is there, the event came before.
      await wrote(table, [hearingWrite(hearing, 0)]);
      return hearingPlace(tenantId, name, hearing.id);
    }),
  );
  const told = await withSlot(ports, slotsOf(tenantId), () =>
    tellAll(ports, keys, clock.now().getTime() + callBudget, signal),
  );
  return told ?? { left: keys.length };
}

/**
 * Tells some hearings one after another, and begins none once it is `ends`, in milliseconds since 1970.
 * @throws the first of what runs throw, after all have been begun
 */
export async function tellAll(
  ports: HearPorts,
  keys: readonly TableKey[],
  ends: number,
  signal: AbortSignal,
): Promise<HearTally> {
  const tally: HearTally = {};
  const failures: unknown[] = [];
  for (const key of keys) {
    signal.throwIfAborted();
    if (ports.clock.now().getTime() >= ends) {
      add(tally, { left: 1 });
      continue;
    }
    try {
      add(tally, { [await tellHearing(ports, key, signal)]: 1 });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return tally;
}

/** Adds to a tally. */
export function add(tally: HearTally, more: HearTally): void {
  for (const told of ['succeeded', 'failed', 'skipped', 'postponed', 'idle', 'left'] as const) {
    const count = more[told];
    if (count !== undefined) tally[told] = (tally[told] ?? 0) + count;
  }
}
