import { z } from 'zod';
import { type Checksum, checksumAlgorithms } from './checksum.ts';
import type { Database } from './database.ts';

/** Bytes that lie in a finished file. */
export interface Body {
  readonly id: number;
  readonly size: number;
  /** Of the bytes, lower-case hexadecimal. */
  readonly sha256: string;
}

/** What an object is but for its place. */
export interface StoredObject {
  readonly body: Body;
  /** Without quotes. Not an MD5, as S3's is not where a key of KMS encrypts. */
  readonly etag: string;
  /** The headers that are given back with the object: content-type, content-encoding, x-amz-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
  readonly modifiedAt: Date;
}

const storedHeaders = z.record(z.string(), z.string());
const storedChecksum = z.object({
  algorithm: z.enum(checksumAlgorithms),
  value: z.string(),
  type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
});
/** A column of JSON text. */
function json<Value>(value: z.ZodType<Value>) {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(value);
}
export const headersColumn = json(storedHeaders);
export const checksumColumn = json(storedChecksum).nullable();

const objectRow = z.object({
  key: z.string(),
  body: z.number(),
  size: z.number(),
  sha256: z.string(),
  etag: z.string(),
  headers: headersColumn,
  checksum: checksumColumn,
  modifiedAt: z.number(),
});
const idRow = z.object({ id: z.number() });
const bodyRow = z.object({ id: z.number(), size: z.number(), sha256: z.string(), settled: z.number() });

const select =
  'SELECT key, body, size, sha256, etag, headers, checksum, modifiedAt FROM objects JOIN bodies ON bodies.id = body';

/** Which object lies where. Bodies are shared by copies and never change, so replacing one object changes no other. */
export class ObjectStore {
  readonly #database: Database;
  readonly #changed: (change: { written?: number; freed: readonly number[] }) => void;

  /** @param changed hears after each commit which body came and which no row names any more */
  constructor(database: Database, changed: (change: { written?: number; freed: readonly number[] }) => void) {
    this.#database = database;
    this.#changed = changed;
  }

  find(bucket: string, key: string): StoredObject | undefined {
    const [row] = this.#database.all(objectRow, `${select} WHERE bucket = ? AND key = ?`, bucket, key);
    return row === undefined ? undefined : fromRow(row);
  }

  /**
   * Makes an object visible, in one transaction with `also`; with `ifAbsent` one that is there stays.
   * @returns whether it was written
   */
  put(
    place: { bucket: string; key: string },
    object: StoredObject,
    options: { ifAbsent: boolean; also?: () => readonly number[] },
  ): boolean {
    const database = this.#database;
    return this.#dropping(() => {
      const before = this.#bodyAt(place);
      if (options.ifAbsent && before.length > 0) return { result: false, freed: [] };
      this.keepBody(object.body);
      database.run(
        'INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)',
        place.bucket,
        place.key,
        object.body.id,
        object.etag,
        JSON.stringify(object.headers),
        object.checksum === undefined ? null : JSON.stringify(object.checksum),
        object.modifiedAt.getTime(),
      );
      return { result: true, written: object.body.id, freed: [...before, ...(options.also?.() ?? [])] };
    });
  }

  delete(place: { bucket: string; key: string }): void {
    this.#dropping(() => {
      const before = this.#bodyAt(place);
      this.#database.run('DELETE FROM objects WHERE bucket = ? AND key = ?', place.bucket, place.key);
      return { result: undefined, freed: before };
    });
  }

  /** Objects with `prefix` after the key `after`, in the order of their keys' bytes. */
  list(
    bucket: string,
    options: { prefix: string; after: string; limit: number },
  ): readonly { key: string; object: StoredObject }[] {
    return this.#database
      .all(
        objectRow,
        `${select} WHERE bucket = ? AND key > ? AND key >= ? ORDER BY key LIMIT ?`,
        bucket,
        options.after,
        options.prefix,
        options.limit,
      )
      .filter((row) => row.key.startsWith(options.prefix))
      .map((row) => ({ key: row.key, object: fromRow(row) }));
  }

  /** Runs `work` in a transaction and drops the bodies that it frees where nothing else names them. */
  drop(work: () => { written?: number; freed: readonly number[] }): void {
    this.#dropping(() => ({ result: undefined, ...work() }));
  }

  /** Names a body that may be new, inside a transaction. */
  keepBody(body: Body): void {
    const sql = 'INSERT OR IGNORE INTO bodies (id, size, sha256) VALUES (?, ?, ?)';
    this.#database.run(sql, body.id, body.size, body.sha256);
  }

  /** All bodies; `settled` says that the disk was seen to hold their bytes. */
  bodies(): readonly (Body & { settled: boolean })[] {
    return this.#database
      .all(bodyRow, 'SELECT id, size, sha256, settled FROM bodies')
      .map((row) => ({ ...row, settled: row.settled === 1 }));
  }

  markSettled(ids: readonly number[]): void {
    this.#database.transact(() => {
      for (const id of ids) this.#database.run('UPDATE bodies SET settled = 1 WHERE id = ?', id);
    });
  }

  /** Forgets bodies whose bytes are gone, and the objects and parts made of them; the number of those objects. */
  forget(ids: readonly number[]): number {
    const database = this.#database;
    return database.transact(() =>
      ids.reduce((sum, id) => {
        database.run('DELETE FROM uploadParts WHERE body = ?', id);
        const { changes } = database.run('DELETE FROM objects WHERE body = ?', id);
        database.run('DELETE FROM bodies WHERE id = ?', id);
        return sum + changes;
      }, 0),
    );
  }

  #bodyAt(place: { bucket: string; key: string }): number[] {
    const sql = 'SELECT body AS id FROM objects WHERE bucket = ? AND key = ?';
    return this.#database.all(idRow, sql, place.bucket, place.key).map(({ id }) => id);
  }

  #dropping<Result>(work: () => { result: Result; written?: number; freed: readonly number[] }): Result {
    const { result, ...change } = this.#database.transact(() => {
      const done = work();
      const unused = done.freed.filter(
        (id) =>
          this.#database.run(
            `DELETE FROM bodies WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM objects WHERE body = ?1)
             AND NOT EXISTS (SELECT 1 FROM uploadParts WHERE body = ?1)`,
            id,
          ).changes > 0,
      );
      return { ...done, freed: unused };
    });
    this.#changed(change);
    return result;
  }
}

function fromRow(row: z.infer<typeof objectRow>): StoredObject {
  return {
    body: { id: row.body, size: row.size, sha256: row.sha256 },
    etag: row.etag,
    headers: row.headers,
    checksum: row.checksum ?? undefined,
    modifiedAt: new Date(row.modifiedAt),
  };
}
