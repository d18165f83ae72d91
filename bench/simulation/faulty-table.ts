import type { Table, TableWrite } from '../../core/ports/table.ts';
import { ConditionFailed } from '../../core/ports/table.ts';
import type { Random } from './random.ts';

/** How often something goes wrong in a transaction: shares from 0 to 1. */
export interface TableFaults {
  /** Somebody else writes a record, unchanged, just before: its version is another one. */
  readonly conflict: number;
  /** The function that writes is killed just before or just after. */
  readonly kill: number;
  /** The table refuses a read or a write for having had too many: what the SDK throws after its own tries. */
  readonly throttle?: number;
}

/** The end of a function in mid-work, as Step Functions and EventBridge see it. */
export class Killed extends Error {
  constructor() {
    super('the function was killed');
    this.name = 'Killed';
  }
}

/** What DynamoDB answers who asks too much of it. */
export class Throttled extends Error {
  constructor() {
    super('the table is throttled');
    this.name = 'ProvisionedThroughputExceededException';
  }
}

/** A table on whose calls faults fall, from a seed. */
export function faultyTable(table: Table, faults: TableFaults, random: Random): Table {
  const { throttle = 0 } = faults;
  const admit = async (): Promise<void> => {
    if (throttle > 0 && random.next() < throttle) throw new Throttled();
  };
  return {
    get: (key) => admit().then(() => table.get(key)),
    query: (query) => admit().then(() => table.query(query)),
    transact: async (writes) => {
      await admit();
      const [conflict, kill, after] = [random.next(), random.next(), random.next()];
      if (conflict < faults.conflict) await disturb(table, writes);
      if (kill < faults.kill && after < 0.5) throw new Killed();
      await table.transact(writes);
      if (kill < faults.kill) throw new Killed();
    },
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
