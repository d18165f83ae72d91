import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../core/ports/clock.ts';
import { BodyFiles } from './body-files.ts';
import { Database } from './database.ts';
import { ObjectStore } from './object-store.ts';
import type { S3Store } from './operation.ts';
import { Settler } from './settler.ts';
import { UploadStore } from './upload-store.ts';

/** Abandoned multipart uploads live a day, as the deployed buckets' lifecycle rule says. */
const uploadLifeMilliseconds = 24 * 60 * 60_000;

/**
 * Opens the store below a directory and brings it in order, however the last process ended: files that no row names
 * go, and so do objects whose bytes are not there. A body that was not settled is read and compared to its SHA-256.
 * @throws Error where another server holds it
 */
export async function openStore(
  directory: string,
  clock: Clock,
): Promise<{ store: Pick<S3Store, 'objects' | 'uploads' | 'files' | 'clock'>; close: () => Promise<void> }> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = new Database(join(directory, 'index.sqlite'));
  try {
    const files = new BodyFiles(join(directory, 'bodies'));
    const settler = new Settler({
      pathOf: (id) => files.pathOf(id),
      logPath: database.logPath,
      settled: (ids) => objects.markSettled(ids),
    });
    const objects = new ObjectStore(database, (change) => settler.add(change));
    const uploads = new UploadStore(database, objects);
    await recover(directory, files, objects);
    uploads.abortBefore(new Date(clock.now().getTime() - uploadLifeMilliseconds));
    const close = async () => {
      await settler.idle();
      database.close();
    };
    return { store: { objects, uploads, files, clock }, close };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function recover(directory: string, files: BodyFiles, objects: ObjectStore): Promise<void> {
  const bodies = objects.bodies();
  const lost = new Set(files.sweep(new Map(bodies.map(({ id, size }) => [id, size]))));
  const whole: number[] = [];
  for (const { id, sha256, settled } of bodies) {
    if (settled || lost.has(id)) continue;
    const hash = createHash('sha256');
    await pipeline(createReadStream(files.pathOf(id)), hash);
    if (hash.digest('hex') === sha256) whole.push(id);
    else lost.add(id);
  }
  objects.markSettled(whole);
  const gone = objects.forget([...lost]);
  if (gone > 0) process.emitWarning(`S3 store ${directory}: ${gone} objects lost their bytes and are gone.`);
}
