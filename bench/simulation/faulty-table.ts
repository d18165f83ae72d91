import type { Table, TableWrite } from '../../core/ports/table.ts';
import { ConditionFailed } from '../../core/ports/table.ts';
import { type CallLife, Killed } from './call-life.ts';
import type { Random } from './random.ts';

/** How often something goes wrong in a transaction: shares from 0 to 1. */
export interface TableFaults {
  /** Somebody else writes a record, unchanged, just before: its version is another one. */
  readonly conflict: number;
  /** The function that writes is killed just before or just after. */
  readonly kill: number;
  /** The table refuses a read or a write for having had too many: what the SDK throws after its own tries. */
  readonly throttle?: number;
  /** Share of calls of functions whose caller hears of an error though the function goes on: it is called again meanwhile. */
  readonly unheard?: number;
}

/** What DynamoDB answers who asks too much of it. */
export class Throttled extends Error {
  constructor() {
    super('the table is throttled');
    this.name = 'ProvisionedThroughputExceededException';
  }
}

/**
 * A table on whose calls faults fall, from a seed.
 * @param life of the one call that the table is for: who is killed does nothing any more; absent: a kill is an error like others
 */
export function faultyTable(table: Table, faults: TableFaults, random: Random, life?: CallLife): Table {
  const { throttle = 0 } = faults;
  const admit = async (): Promise<void> => {
    if (throttle > 0 && random.next() < throttle) throw new Throttled();
  };
  const kill = (): Promise<never> => life?.die() ?? Promise.reject(new Killed());
  return {
    get: (key) => admit().then(() => table.get(key)),
    query: (query) => admit().then(() => table.query(query)),
    transact: async (writes) => {
      await admit();
      const [conflict, killed, after] = [random.next(), random.next(), random.next()];
      if (conflict < faults.conflict) await disturb(table, writes);
      if (killed < faults.kill && after < 0.5) await kill();
      await table.transact(writes);
      if (killed < faults.kill) await kill();
    },
  };
}

/** How long the calls of a table take: shares from 0 to 1, and milliseconds. */
export interface Latency {
  /** Calls that take no time. */
  readonly instant: number;
  readonly slowest: number;
  /** Calls for which their function stands still, as one that is frozen or meets a slow host does, and for how long at most. */
  readonly stalled: number;
  readonly longest: number;
}

/**
 * A table whose calls take their time, from a seed, so that what several functions do at once comes in any order. Read and
 * written is at the end of it.
 */
export function slowTable(
  table: Table,
  latency: Latency,
  random: Random,
  sleep: (time: number) => Promise<void>,
): Table {
  const pause = async (): Promise<void> => {
    const [share, stall, time] = [random.next(), random.next(), random.next()];
    if (stall < latency.stalled) await sleep(time * latency.longest);
    else if (share >= latency.instant) await sleep(1 + time * (latency.slowest - 1));
  };
  return {
    get: (key) => pause().then(() => table.get(key)),
    query: (query) => pause().then(() => table.query(query)),
    transact: (writes) => pause().then(() => table.transact(writes)),
  };
}

/** Raises the version of a record that the writes expect to have one. */
async function disturb(table: Table, writes: readonly TableWrite[]): Promise<void> {
  const expected = writes.find((write) => write.condition?.kind === 'version');
  const record = expected === undefined ? undefined : await table.get(expected.key);
  if (record === undefined) return;
  const { key, data, indexes, expiresAt, version } = record;
  try {
    await table.transact([
      {
        kind: 'put',
        ...{ key, data, indexes },
        ...(expiresAt === undefined ? {} : { expiresAt }),
        condition: { kind: 'version', version },
      },
    ]);
  } catch (error) {
    // Somebody else has written it indeed: what was wanted.
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
