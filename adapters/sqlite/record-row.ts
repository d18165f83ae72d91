import type { SQLOutputValue } from 'node:sqlite';
import { z } from 'zod';
import type { JsonObject } from '../../core/digest.ts';
import type { TableChange, TableKey, TableRecord } from '../../core/ports/table.ts';

/** A row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>;

const keySchema = z.strictObject({ partition: z.string(), sort: z.string() });
const bodySchema = z.strictObject({
  version: z.int().min(1),
  // Parsed from JSON, so whatever is an object here holds JSON values only.
  data: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
  counters: z.record(z.string(), z.int()),
  indexes: z.strictObject({ byTenant: keySchema.exactOptional(), byState: keySchema.exactOptional() }),
  expiresAt: z.int().exactOptional(),
});
const recordRow = z.object({ partition: z.instanceof(Uint8Array), sort: z.instanceof(Uint8Array), body: z.string() });
const changeRow = z.object({
  position: z.int(),
  partition: z.instanceof(Uint8Array),
  sort: z.instanceof(Uint8Array),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

/** A part of a key as the file holds it: UTF-8, compared byte by byte. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** A record without its key, as the JSON that the file holds. */
export function bodyOf(record: TableRecord): string {
  const { key: _, ...body } = record;
  return JSON.stringify(body);
}

/** Reads a row of `record`. */
export function recordOf(row: Row): TableRecord {
  const { partition, sort, body } = recordRow.parse(row);
  return recordFrom(keyOf(partition, sort), body);
}

/** Reads a row of `change`, with its position and the bytes of its images. */
export function changeOf(row: Row): { position: number; bytes: number; change: TableChange } {
  const { position, partition, sort, before, after } = changeRow.parse(row);
  const key = keyOf(partition, sort);
  return {
    position,
    bytes: (before?.length ?? 0) + (after?.length ?? 0),
    change: {
      key,
      ...(before === null ? {} : { before: recordFrom(key, before) }),
      ...(after === null ? {} : { after: recordFrom(key, after) }),
    },
  };
}

function recordFrom(key: TableKey, body: string): TableRecord {
  return { key, ...bodySchema.parse(JSON.parse(body)) };
}

function keyOf(partition: Uint8Array, sort: Uint8Array): TableKey {
  return { partition: Buffer.from(partition).toString(), sort: Buffer.from(sort).toString() };
}
