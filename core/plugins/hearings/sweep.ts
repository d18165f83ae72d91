import type { Table, TableKey } from '../../ports/table.ts';
import { withSlot } from '../../slots.ts';
import { dueHearingsPartition, pluginBooksPartitions } from '../places.ts';
import { add, callBudget, type HearTally, slotsOf, tellAll } from './hear.ts';
import type { HearPorts } from './tell.ts';

/** Tenants whose plugins are told at once. */
const atOnce = 4;

/** Milliseconds of a sweep after which no more runs of one tenant begin, so that others have their turn. */
const tenantBudget = 10_000;

/** Tenants that are read at a time, and hearings of one that a sweep takes up. */
const tenantPage = 200;
const ofTenant = 50;

/**
 * Tells what is due: what failed before, and what an event's own call did not come to. Each minute begins with another
 * tenant, and none has more than its share of the time, so that nobody waits for somebody else's plugins for long. Safe to
 * repeat, to be cut short, and to be done by two at once.
 * @throws the first of what runs throw, after all the rest
 */
export async function sweepHearings(ports: HearPorts, signal: AbortSignal): Promise<HearTally> {
  const { table, clock } = ports;
  const began = clock.now().getTime();
  const tally: HearTally = {};
  const failures: unknown[] = [];
  const tenants = await tenantsWithPlugins(table);
  const first = tenants.length === 0 ? 0 : Math.floor(began / 60_000) % tenants.length;
  const waiting = [...tenants.slice(first), ...tenants.slice(0, first)];
  const work = async (): Promise<void> => {
    for (let tenantId = waiting.shift(); tenantId !== undefined; tenantId = waiting.shift()) {
      const now = clock.now().getTime();
      if (now >= began + callBudget) return;
      const ends = Math.min(now + tenantBudget, began + callBudget);
      try {
        add(tally, await tellDue(ports, tenantId, ends, signal));
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0) throw failures[0];
  return tally;
}

async function tellDue(ports: HearPorts, tenantId: string, ends: number, signal: AbortSignal): Promise<HearTally> {
  const keys = await dueOf(ports, tenantId);
  if (keys.length === 0) return {};
  const told = await withSlot(ports, slotsOf(tenantId), () => tellAll(ports, keys, ends, signal));
  return told ?? { left: keys.length };
}

async function tenantsWithPlugins(table: Table): Promise<readonly string[]> {
  const tenants: string[] = [];
  for (const partition of pluginBooksPartitions) {
    let cursor: string | undefined;
    do {
      const page = await table.query({
        ...{ index: 'byState', partition, limit: tenantPage },
        ...(cursor === undefined ? {} : { cursor }),
      });
      tenants.push(...page.records.flatMap(({ indexes }) => indexes.byState?.sort ?? []));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return tenants;
}

/** Read from the index alone: it may lag, and each is read again. */
async function dueOf({ table, clock }: HearPorts, tenantId: string): Promise<readonly TableKey[]> {
  const partition = dueHearingsPartition(tenantId);
  const { records } = await table.query({ index: 'byState', partition, limit: ofTenant });
  const now = clock.now().toISOString();
  return records.filter(({ indexes }) => (indexes.byState?.sort.split('#')[0] ?? '') <= now).map(({ key }) => key);
}
