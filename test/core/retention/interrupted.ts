import type { Blobs } from '../../../core/ports/blobs.ts';
import type { Table } from '../../../core/ports/table.ts';
import type { RetentionPortsUnderTest } from './retention-world.ts';

/** What a function ends with that is killed. */
export class Killed extends Error {}

/** Ports of which each write of the table and each deletion of the store is counted: to be killed at, or met by others. */
export function interrupted(
  ports: RetentionPortsUnderTest,
  {
    killedAt,
    meanwhile,
  }: { killedAt: number | undefined; meanwhile: readonly [number, () => Promise<void>] | undefined },
): RetentionPortsUnderTest {
  let count = 0;
  let dead = false;
  const before = async (): Promise<void> => {
    if (dead) throw new Killed();
    if (count === killedAt) dead = true;
    if (meanwhile !== undefined && count === meanwhile[0]) await meanwhile[1]();
    count += 1;
    if (dead) throw new Killed();
  };
  const table: Table = {
    get: async (key) => {
      if (dead) throw new Killed();
      return ports.table.get(key);
    },
    query: async (query) => {
      if (dead) throw new Killed();
      return ports.table.query(query);
    },
    transact: async (writes) => {
      await before();
      return ports.table.transact(writes);
    },
  };
  const blobs: Blobs = {
    ...ports.blobs,
    delete: async (place) => {
      await before();
      return ports.blobs.delete(place);
    },
  };
  return { ...ports, table, blobs };
}
