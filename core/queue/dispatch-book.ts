import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';

/**
 * What all starts have in common. Each start writes it under its version: so starts happen one after the other, each
 * decided on what the one before left, however many dispatchers there are.
 */
const bookSchema = z.strictObject({
  /** Virtual time among the tenants. */
  time: z.number().int().min(0),
  /** The token bucket of starts (launch-rate.ts). */
  bucket: z.strictObject({ tokens: z.number(), at: z.number().int() }).optional(),
  /** Until when a dispatcher waits for tokens, in milliseconds since 1970: others need not. */
  pacedUntil: z.number().int().optional(),
});
export type Book = z.infer<typeof bookSchema>;

/** The book with the version that the next write of it needs. */
export interface StoredBook {
  readonly book: Book;
  readonly version: number | undefined;
}

const key: TableKey = { partition: 'DISPATCH', sort: 'BOOK' };

export async function readBook(table: Table): Promise<StoredBook> {
  const record = await table.get(key);
  return record === undefined
    ? { book: { time: 0 }, version: undefined }
    : { book: bookSchema.parse(record.data), version: record.version };
}

/** Writes the book in the place of one that was read. */
export function bookWrite(book: Book, { version }: StoredBook): TableWrite {
  return {
    ...{ kind: 'put', key, data: toJsonObject(book) },
    condition: version === undefined ? { kind: 'absent' } : { kind: 'version', version },
  };
}
