import { Killed } from '../../bench/simulation/call-life.ts';
import type { Table } from '../../core/ports/table.ts';

/** A table that dies with one of its transactions, counted from 0: before it or after. */
export function dyingTable(table: Table, place: number, when: 'before' | 'after'): Table {
  let count = 0;
  return {
    ...{ get: (key) => table.get(key), query: (query) => table.query(query) },
    transact: async (writes) => {
      const dies = count === place;
      count += 1;
      if (dies && when === 'before') throw new Killed();
      await table.transact(writes);
      if (dies) throw new Killed();
    },
  };
}
