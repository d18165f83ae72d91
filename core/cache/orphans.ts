import { z } from 'zod';
import { orphanKey, orphansIndex } from '../builds/keys.ts';
import { blobPlace, blobsPrefix } from '../builds/places.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { cachedBlobs, type StoredResult } from './stored-results.ts';

/**
 * How long a blob must be without a result before its bytes go. Within it a build whose stage is being settled points
 * to what it has just stored, and who holds a signed URL of it has long used it: those live for an hour.
 */
export const graceMilliseconds = 86_400_000;

/** Pages of the store's list, 1,000 blobs each on S3, that one run reads; the next one goes on from there. */
const listedPages = 20;
/** Blobs that one run deletes at most. */
const mostRemoved = 1_000;

const orphanSchema = z.strictObject({
  scope: z.string(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  since: z.iso.datetime(),
});
type Orphan = z.infer<typeof orphanSchema>;

interface OrphanPorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly clock: Clock;
}

/** Paths of the blobs that results point to. */
export function pointedBlobs(results: Iterable<StoredResult>): Set<string> {
  const pointed = new Set<string>();
  for (const stored of results) for (const { place } of cachedBlobs(stored)) pointed.add(place.path);
  return pointed;
}

/**
 * Goes through a part of the store and notes each blob that no result points to, whatever became of its result: it was
 * evicted, removed or dropped as damaged, or never came to be.
 * @param cursor where the run before stopped; undefined: at the beginning
 * @returns where the next run goes on
 */
export async function noteOrphans(
  ports: OrphanPorts,
  pointed: ReadonlySet<string>,
  cursor: string | undefined,
): Promise<{ noted: number; cursor?: string }> {
  const since = ports.clock.now().toISOString();
  let noted = 0;
  let at = cursor;
  for (let page = 0; page < listedPages; page += 1) {
    const listed = await ports.blobs.list('work', blobsPrefix, at);
    for (const path of listed.paths) {
      const [scope, digest, ...rest] = path.slice(blobsPrefix.length).split('/');
      const orphan = orphanSchema.safeParse({ scope, digest, since });
      if (rest.length > 0 || !orphan.success || pointed.has(path)) continue;
      if (await noteOrphan(ports.table, orphan.data)) noted += 1;
    }
    at = listed.cursor;
    if (at === undefined) break;
  }
  return at === undefined ? { noted } : { noted, cursor: at };
}

async function noteOrphan(table: Table, orphan: Orphan): Promise<boolean> {
  try {
    await table.transact([
      {
        kind: 'put',
        key: orphanKey(orphan.scope, orphan.digest),
        data: orphan,
        indexes: { byState: orphansIndex(orphan.since, orphan.digest) },
        condition: { kind: 'absent' },
      },
    ]);
    return true;
  } catch (error) {
    // It is known since an earlier run.
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

/**
 * Deletes the bytes of blobs that have been without a result for the time of grace and still are. The note goes first,
 * under its version: whoever points a result to the blob meanwhile takes the note away (core/builds/receipts.ts), and
 * the bytes then stay. Where a run ends between the two, the blob is noted and deleted once more.
 * @param pointed blobs that results point to, read in this very run
 */
export async function removeOrphans(ports: OrphanPorts, pointed: ReadonlySet<string>): Promise<number> {
  const latest = new Date(ports.clock.now().getTime() - graceMilliseconds);
  const page = await ports.table.query({
    index: 'byState',
    partition: orphansIndex('', '').partition,
    limit: mostRemoved,
  });
  let removed = 0;
  for (const record of page.records) {
    const { scope, digest, since } = orphanSchema.parse(record.data);
    if (since > latest.toISOString()) break;
    const place = blobPlace(scope, digest);
    const info = await ports.blobs.head(place);
    const stays = info === undefined || pointed.has(place.path) || info.modifiedAt > latest;
    try {
      await ports.table.transact([
        { kind: 'delete', key: record.key, condition: { kind: 'version', version: record.version } },
      ]);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      continue;
    }
    if (stays) continue;
    await ports.blobs.delete(place);
    removed += 1;
  }
  return removed;
}
