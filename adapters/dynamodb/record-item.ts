import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { EngineError } from '../../core/errors.ts';
import { type TableKey, type TableRecord, tableIndexes } from '../../core/ports/table.ts';
import { tableSchema } from '../../core/wiring/table-schema.ts';
import { type StoredItem, type StoredValue, unmarshalObject } from './attribute-value.ts';

/** The attributes of a primary key. */
export function keyAttributes(key: TableKey): Record<string, AttributeValue> {
  return { [tableSchema.partitionKey]: { S: key.partition }, [tableSchema.sortKey]: { S: key.sort } };
}

/** Reads a primary key. @throws EngineError internal.error where the item has none. */
export function keyOf(item: StoredItem): TableKey {
  return {
    partition: textOf(item, tableSchema.partitionKey),
    sort: textOf(item, tableSchema.sortKey),
  };
}

/** Reads an item as a record. @throws EngineError internal.error where it was not written by this adapter. */
export function recordOf(item: StoredItem): TableRecord {
  const expiresAt = item[tableSchema.timeToLive];
  const counters = Object.entries(mapOf(item, tableSchema.counters)).map(
    ([name, value]) => [name, integerOf(value, name)] as const,
  );
  const indexes = tableIndexes.flatMap((index) => {
    const { partitionKey, sortKey } = tableSchema.indexes[index];
    if (item[partitionKey] === undefined) return [];
    return [[index, { partition: textOf(item, partitionKey), sort: textOf(item, sortKey) }] as const];
  });
  return {
    key: keyOf(item),
    version: integerOf(item[tableSchema.version], tableSchema.version),
    data: unmarshalObject(mapOf(item, tableSchema.data)),
    counters: Object.fromEntries(counters),
    indexes: Object.fromEntries(indexes),
    ...(expiresAt === undefined ? {} : { expiresAt: integerOf(expiresAt, tableSchema.timeToLive) }),
  };
}

function textOf(item: StoredItem, name: string): string {
  return item[name]?.S ?? foreign(name);
}

function mapOf(item: StoredItem, name: string): StoredItem {
  return item[name]?.M ?? foreign(name);
}

function integerOf(value: StoredValue | undefined, name: string): number {
  const integer = Number(value?.N);
  return Number.isSafeInteger(integer) ? integer : foreign(name);
}

function foreign(name: string): never {
  throw new EngineError('internal.error', `the table holds an item that the engine did not write: attribute ${name}`);
}
