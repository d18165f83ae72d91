import { z } from 'zod';
import { type Checksum, type ChecksumAlgorithm, checksumAlgorithms } from './checksum.ts';
import type { Database } from './database.ts';
import { type Body, checksumColumn, headersColumn, type ObjectStore } from './object-store.ts';
import { S3Error } from './s3-error.ts';

/** A multipart upload that was started and neither completed nor aborted. */
export interface Upload {
  readonly id: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The algorithm whose composite checksum the object gets. */
  readonly algorithm: ChecksumAlgorithm | undefined;
}

export interface Part {
  readonly number: number;
  /** Whose bytes it is, from `start` on. A body of its own, or that of an object that it is copied from. */
  readonly body: Body;
  readonly start: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
}

const uploadRow = z.object({
  id: z.number(),
  headers: headersColumn,
  algorithm: z.enum(checksumAlgorithms).nullable(),
});
const partRow = z.object({
  number: z.number(),
  body: z.number(),
  bodySize: z.number(),
  sha256: z.string(),
  start: z.number(),
  size: z.number(),
  etag: z.string(),
  checksum: checksumColumn,
});
const idRow = z.object({ id: z.number() });

/** Multipart uploads and their parts, beside the objects they will be. */
export class UploadStore {
  readonly #database: Database;
  readonly #objects: ObjectStore;

  constructor(database: Database, objects: ObjectStore) {
    this.#database = database;
    this.#objects = objects;
  }

  /** Starts an upload; its id as S3's answers give it. */
  start(place: { bucket: string; key: string }, upload: Omit<Upload, 'id'>, now: Date): string {
    const { id } = this.#database.run(
      'INSERT INTO uploads (bucket, key, headers, algorithm, startedAt) VALUES (?, ?, ?, ?, ?)',
      place.bucket,
      place.key,
      JSON.stringify(upload.headers),
      upload.algorithm ?? null,
      now.getTime(),
    );
    return `upload-${id}`;
  }

  /** @throws S3Error NoSuchUpload where none of that id is open at that place */
  find(place: { bucket: string; key: string }, uploadId: string): Upload {
    const id = /^upload-([1-9][0-9]{0,14})$/.exec(uploadId)?.[1];
    const sql = 'SELECT id, headers, algorithm FROM uploads WHERE id = ? AND bucket = ? AND key = ?';
    const [row] = id === undefined ? [] : this.#database.all(uploadRow, sql, Number(id), place.bucket, place.key);
    if (row === undefined) {
      throw new S3Error(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
        { UploadId: uploadId },
      );
    }
    return { id: row.id, headers: row.headers, algorithm: row.algorithm ?? undefined };
  }

  /** Keeps a part, in place of an earlier one of its number; false where the upload has ended meanwhile. */
  putPart(uploadId: number, part: Part): boolean {
    const database = this.#database;
    let kept = false;
    this.#objects.drop(() => {
      kept = database.all(idRow, 'SELECT id FROM uploads WHERE id = ?', uploadId).length > 0;
      if (!kept) return { freed: [] };
      const sql = 'SELECT body AS id FROM uploadParts WHERE upload = ? AND number = ?';
      const before = database.all(idRow, sql, uploadId, part.number);
      this.#objects.keepBody(part.body);
      database.run(
        'INSERT OR REPLACE INTO uploadParts VALUES (?, ?, ?, ?, ?, ?, ?)',
        uploadId,
        part.number,
        part.body.id,
        part.start,
        part.size,
        part.etag,
        part.checksum === undefined ? null : JSON.stringify(part.checksum),
      );
      return { written: part.body.id, freed: before.map(({ id }) => id) };
    });
    return kept;
  }

  /** The parts of an upload by number. */
  parts(uploadId: number): ReadonlyMap<number, Part> {
    const sql = `SELECT number, body, bodies.size AS bodySize, sha256, start, uploadParts.size AS size, etag, checksum
      FROM uploadParts JOIN bodies ON bodies.id = body WHERE upload = ?`;
    return new Map(
      this.#database.all(partRow, sql, uploadId).map((row) => [
        row.number,
        {
          number: row.number,
          body: { id: row.body, size: row.bodySize, sha256: row.sha256 },
          start: row.start,
          size: row.size,
          etag: row.etag,
          checksum: row.checksum ?? undefined,
        },
      ]),
    );
  }

  /** Ends an upload inside a transaction of the object store: the bodies that it had, for `freed`. */
  end(uploadId: number): readonly number[] {
    const bodies = this.#database.all(idRow, 'SELECT body AS id FROM uploadParts WHERE upload = ?', uploadId);
    this.#database.run('DELETE FROM uploadParts WHERE upload = ?', uploadId);
    this.#database.run('DELETE FROM uploads WHERE id = ?', uploadId);
    return bodies.map(({ id }) => id);
  }

  abort(uploadId: number): void {
    this.#objects.drop(() => ({ freed: this.end(uploadId) }));
  }

  /** Aborts the uploads that were started before that time. */
  abortBefore(time: Date): void {
    const old = this.#database.all(idRow, 'SELECT id FROM uploads WHERE startedAt < ?', time.getTime());
    for (const { id } of old) this.abort(id);
  }
}
