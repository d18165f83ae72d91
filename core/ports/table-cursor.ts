import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { tryJson } from '../json.ts';
import type { TableKey, TableQuery } from './table.ts';
import { isKeyPart } from './table-limits.ts';

/** Where a page ended: the last record's place in the order that is read, and its key, which breaks ties in an index. */
export interface TablePlace {
  /** Sort key in the index that is read, or of the table itself. */
  readonly sort: string;
  readonly key: TableKey;
}

const cursorSchema = z.tuple([z.string(), z.string(), z.string(), z.boolean(), z.string(), z.string(), z.string()]);

/** Writes a page's end as a cursor that only the same query accepts. */
export function encodeCursor(query: TableQuery, place: TablePlace): string {
  return Buffer.from(JSON.stringify([...identity(query), place.sort, place.key.partition, place.key.sort])).toString(
    'base64url',
  );
}

/** A cursor with which a query of the table itself goes on behind a sort key, whether or not a record is there. */
export function cursorBehind(query: TableQuery, sort: string): string {
  return encodeCursor(query, { sort, key: { partition: query.partition, sort } });
}

/**
 * Reads a query's cursor; undefined where it has none.
 * @throws EngineError `cursor.invalid` where it is malformed or belongs to another query.
 */
export function decodeCursor(query: TableQuery): TablePlace | undefined {
  if (query.cursor === undefined) return undefined;
  const fields = cursorSchema.safeParse(tryJson(Buffer.from(query.cursor, 'base64url').toString()));
  if (!fields.success) throw new EngineError('cursor.invalid', 'the cursor cannot be read');
  const [index, partition, sortPrefix, descending, sort, keyPartition, keySort] = fields.data;
  const same = JSON.stringify([index, partition, sortPrefix, descending]) === JSON.stringify(identity(query));
  const inside = sort.startsWith(sortPrefix) && [sort, keyPartition, keySort].every(isKeyPart);
  const ofTable = index !== '' || (keyPartition === partition && keySort === sort);
  if (!same || !inside || !ofTable) throw new EngineError('cursor.invalid', 'the cursor belongs to another query');
  return { sort, key: { partition: keyPartition, sort: keySort } };
}

function identity(query: TableQuery): readonly [string, string, string, boolean] {
  return [query.index ?? '', query.partition, query.sortPrefix ?? '', query.descending ?? false];
}
