import type { JsonObject } from '../../../core/digest.ts';
import {
  ConditionFailed,
  type Table,
  type TableChange,
  type TableChangeFeed,
  type TableQuery,
  type TableRecord,
  type TableWrite,
} from '../../../core/ports/table.ts';

/** An adapter as the contract sees it. Tests share it, so each keeps to partitions of its own. */
export interface TableUnderTest {
  readonly table: Table;
  readonly feed: TableChangeFeed;
}
/** Called within a test, after the suite's set-up. */
export type Subject = () => TableUnderTest;

let partitions = 0;

/** A partition that no other test uses. */
export function newPartition(): string {
  partitions += 1;
  return `p${partitions}`;
}

/** A put with little to say. */
export function put(
  partition: string,
  sort: string,
  more: Partial<Extract<TableWrite, { kind: 'put' }>> = {},
): Extract<TableWrite, { kind: 'put' }> {
  const data: JsonObject = { sort };
  return { kind: 'put', key: { partition, sort }, data, ...more };
}

/** `committed`, or the positions of the failed conditions; anything else is thrown. */
export async function outcome(table: Table, writes: readonly TableWrite[]): Promise<'committed' | readonly number[]> {
  try {
    await table.transact(writes);
    return 'committed';
  } catch (error) {
    if (error instanceof ConditionFailed) return error.failed;
    throw error;
  }
}

/** All records of a query, page after page. */
export async function all(table: Table, query: TableQuery): Promise<readonly TableRecord[]> {
  const records: TableRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    records.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}

/** Sort keys of all records of a query. */
export async function sorts(table: Table, query: TableQuery): Promise<readonly string[]> {
  return (await all(table, query)).map(({ key }) => key.sort);
}

/** Reads a feed to its end from a position, `limit` at a time. */
export async function drain(
  feed: TableChangeFeed,
  from?: string,
  limit = 100,
): Promise<{ changes: readonly TableChange[]; position: string }> {
  const changes: TableChange[] = [];
  let position = from;
  for (;;) {
    const page = await feed.read(position, limit);
    changes.push(...page.changes);
    position = page.position;
    if (page.changes.length === 0) return { changes, position };
  }
}
