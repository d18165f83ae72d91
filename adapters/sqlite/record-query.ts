import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TableIndex, TablePage, TableQuery, TableRecord } from '../../core/ports/table.ts';
import { decodeCursor, encodeCursor } from '../../core/ports/table-cursor.ts';
import { checkQuery, tableLimits } from '../../core/ports/table-limits.ts';
import { bytesOf, recordOf } from './record-row.ts';

const keyColumns: Record<TableIndex | 'table', readonly [partition: string, sort: string]> = {
  table: ['partition', 'sort'],
  byTenant: ['by_tenant_partition', 'by_tenant_sort'],
  byState: ['by_state_partition', 'by_state_sort'],
};

/** Greater than every byte of UTF-8: ends the range of the keys that begin with a prefix. */
const afterUtf8 = Uint8Array.of(0xff);

/** Answers queries of one partition of the table or of an index from the file. */
export class RecordQuery {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** One page. It ends at the limit of records or of bytes, as DynamoDB's does. */
  page(query: TableQuery): TablePage {
    checkQuery(query);
    const place = decodeCursor(query);
    const descending = query.descending ?? false;
    const prefix = bytesOf(query.sortPrefix ?? '');
    const from = place && !descending ? bytesOf(place.sort) : prefix;
    const to = Buffer.concat([place && descending ? bytesOf(place.sort) : prefix, afterUtf8]);
    const parameters = [bytesOf(query.partition), from, to];
    if (place) parameters.push(...[place.sort, place.key.partition, place.key.sort].map(bytesOf));

    const records: TableRecord[] = [];
    let bytes = 0;
    const statement = this.#statement(query.index ?? 'table', descending, place !== undefined);
    for (const row of statement.iterate(...parameters, query.limit + 1)) {
      const last = records.at(-1);
      if (last !== undefined && (records.length === query.limit || bytes >= tableLimits.pageBytes)) {
        const sort = query.index === undefined ? last.key.sort : last.indexes[query.index]?.sort;
        return { records, cursor: encodeCursor(query, { sort: sort ?? last.key.sort, key: last.key }) };
      }
      records.push(recordOf(row));
      bytes += typeof row.body === 'string' ? row.body.length : 0;
    }
    return { records };
  }

  #statement(index: TableIndex | 'table', descending: boolean, continued: boolean): StatementSync {
    const name = `${index} ${descending} ${continued}`;
    const known = this.#statements.get(name);
    if (known !== undefined) return known;
    const [partition, sort] = keyColumns[index];
    const direction = descending ? 'DESC' : 'ASC';
    const statement = this.#database.prepare(
      `SELECT partition, sort, body FROM record WHERE ${partition} = ? AND ${sort} >= ? AND ${sort} < ?
       ${continued ? `AND (${sort}, partition, sort) ${descending ? '<' : '>'} (?, ?, ?)` : ''}
       ORDER BY ${sort} ${direction}, partition ${direction}, sort ${direction} LIMIT ?`,
    );
    this.#statements.set(name, statement);
    return statement;
  }
}
