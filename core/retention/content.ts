import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { artifactPlace } from '../builds/places.ts';
import type { Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import { type Table, type TableKey, type TableWrite, wrote } from '../ports/table.ts';
import { asRead, findImage, keepsArtifacts } from './image.ts';
import {
  contentPlace,
  contentRemovalPlace,
  contentRemovals,
  contentUsePlace,
  contentUsePrefix,
  referencesCounter,
  sharedPlace,
  sharedPrefix,
} from './places.ts';
import { allOf } from './protection.ts';

/**
 * Bytes of the artifacts' store lie under tenant and digest, so that several builds may stand on one object. Whoever is to
 * stand on it says so first and looks at the store after that; whoever removes it finds no use, says that it is being
 * removed in a transaction that fails where a use has come, and deletes the bytes after that.
 */

/** artifact: as long as the image. evidence: files that tell how an image was made stay as long as the build. */
export type ContentKind = 'artifact' | 'evidence';

const useSchema = z.strictObject({ kind: z.enum(['artifact', 'evidence']), workId: z.string() });
export const removalSchema = z.strictObject({ at: z.iso.datetime(), tenantId: z.string(), digest: z.string() });

/** Uses that one transaction writes, three writes each. */
const usesAtOnce = 30;

/**
 * Milliseconds after which a removal that was begun is anybody's to finish. No function lives longer than 15 minutes, so
 * that nobody is about to delete bytes any more that have come since.
 */
export const abandonedMilliseconds = 1_200_000;

/**
 * Writes down that a work stands on bytes, before it looks whether they are there. Safe to repeat.
 * @param workId the build under which the artifacts are recorded (core/sharing/work-of.ts)
 * @returns false where some of them are just being removed: they count as not there
 */
export async function useContent(
  table: Table,
  user: { readonly tenantId: string; readonly workId: string; readonly kind: ContentKind },
  digests: Iterable<Sha256>,
): Promise<boolean> {
  const { tenantId, workId, kind } = user;
  const all = [...new Set(digests)];
  const known = await Promise.all(all.map((digest) => table.get(contentUsePlace(tenantId, digest, kind, workId))));
  const fresh = all.filter((_, at) => known[at] === undefined);
  for (let at = 0; at < fresh.length; at += usesAtOnce) {
    const writes = fresh
      .slice(at, at + usesAtOnce)
      .flatMap((digest) => [
        { kind: 'check', key: contentRemovalPlace(tenantId, digest), condition: { kind: 'absent' } } as const,
        { kind: 'increment', key: contentPlace(tenantId, digest), counter: referencesCounter, by: 1 } as const,
        { kind: 'put', key: contentUsePlace(tenantId, digest, kind, workId), data: { kind, workId } } as const,
      ]);
    if (!(await wrote(table, writes))) return false;
  }
  return true;
}

/**
 * As useContent, for who cannot do without: a removal that was cut short is finished first, once it is anybody's to finish.
 * @throws EngineError service.unavailable while they are being removed
 */
export async function needContent(
  ports: ContentPorts,
  user: Parameters<typeof useContent>[1],
  digests: readonly Sha256[],
): Promise<void> {
  if (await useContent(ports.table, user, digests)) return;
  for (const digest of digests) await finishRemoval(ports, user.tenantId, digest);
  if (await useContent(ports.table, user, digests)) return;
  throw new EngineError('service.unavailable', 'The bytes of this digest are just being removed.', {
    retryAfterSeconds: 5,
  });
}

/** Whether anybody stands on bytes, and what was seen of it. */
export interface ContentUse {
  readonly used: boolean;
  /** Uses by works that have nothing of them any more, of those that were read. They never come back. */
  readonly dead: readonly TableKey[];
  readonly version: number | undefined;
}

/** Reads who stands on bytes, strongly consistent, up to the first who does. */
export async function readContentUse(table: Table, tenantId: string, digest: Sha256): Promise<ContentUse> {
  const head = await table.get(contentPlace(tenantId, digest));
  const dead: TableKey[] = [];
  for await (const { key, data } of allOf(table, contentPlace(tenantId, digest).partition, contentUsePrefix)) {
    const use = useSchema.parse(data);
    if (use.kind === 'evidence' || (await isStanding(table, use.workId)))
      return { used: true, dead, version: head?.version };
    dead.push(key);
  }
  return { used: false, dead, version: head?.version };
}

/** Whether anybody has artifacts of a work, or may come to have some: its own build, or one that shares it. */
export async function isStanding(table: Table, workId: string): Promise<boolean> {
  const work = await findBuild(table, workId);
  if (work === undefined) return false;
  if (await hasImage(table, work.value)) return true;
  for await (const { key } of allOf(table, sharedPlace(workId, '').partition, sharedPrefix)) {
    const sharer = await findBuild(table, key.sort.slice(sharedPrefix.length));
    if (sharer !== undefined && (await hasImage(table, sharer.value))) return true;
  }
  return false;
}

async function hasImage(table: Table, build: BuildRecord): Promise<boolean> {
  if (!isTerminal(build.state)) return true;
  if (!keepsArtifacts(build)) return false;
  const state = (await findImage(table, build.id))?.image.state ?? 'kept';
  return state === 'kept' || state === 'trashed';
}

export interface ContentPorts {
  readonly table: Table;
  readonly blobs: Pick<Blobs, 'delete'>;
  readonly clock: Clock;
}

/** What became of bytes that somebody wanted to remove. `busy`: somebody else removes them, or came to use them. */
export type ContentRemoval = 'used' | 'busy' | 'removed';

/**
 * Deletes bytes that nobody stands on. Cut short at any point, it is finished by the next call after a while; what began
 * to use them meanwhile either came first, and they stay, or is told that they are being removed.
 */
export async function removeContent(ports: ContentPorts, tenantId: string, digest: Sha256): Promise<ContentRemoval> {
  const { table, clock } = ports;
  const finished = await finishRemoval(ports, tenantId, digest);
  if (finished !== undefined) return finished;
  const use = await readContentUse(table, tenantId, digest);
  const { used, dead, version } = use;
  if (used) {
    await forgetDead(table, use);
    return 'used';
  }
  const begins = await wrote(table, [
    { kind: 'check', key: contentPlace(tenantId, digest), condition: asRead(version) },
    markWrite(tenantId, digest, { at: clock.now() }),
    ...forgets(dead),
  ]);
  if (!begins) return 'busy';
  return deleteMarked(ports, tenantId, digest, 1);
}

/** The writes that forget uses which are none any more: as many as go into a transaction with others. */
const forgets = (dead: readonly TableKey[]): TableWrite[] => dead.slice(0, 90).map((key) => ({ kind: 'delete', key }));

/** Forgets uses that are none any more, so that the next who looks does not read them first. */
export async function forgetDead(table: Table, { dead }: Pick<ContentUse, 'dead'>): Promise<void> {
  if (dead.length > 0) await table.transact(forgets(dead));
}

/**
 * Finishes a removal of bytes that was cut short, once nobody can be about it any more. Nobody has come to use them since
 * it began. Safe to repeat.
 * @returns undefined where none was begun
 */
export async function finishRemoval(
  ports: ContentPorts,
  tenantId: string,
  digest: Sha256,
): Promise<'busy' | 'removed' | undefined> {
  const { table, clock } = ports;
  const begun = await table.get(contentRemovalPlace(tenantId, digest));
  if (begun === undefined) return undefined;
  const now = clock.now();
  if (Date.parse(removalSchema.parse(begun.data).at) + abandonedMilliseconds > now.getTime()) return 'busy';
  // Taken over under its version: of two who come at once, one does it.
  const takes = await wrote(table, [markWrite(tenantId, digest, { at: now, seen: begun.version })]);
  return takes ? deleteMarked(ports, tenantId, digest, begun.version + 1) : 'busy';
}

/** The write by which somebody, and nobody else, removes bytes from now on. */
function markWrite(
  tenantId: string,
  digest: Sha256,
  { at: now, seen }: { readonly at: Date; readonly seen?: number },
): TableWrite {
  const at = now.toISOString();
  return {
    ...{ kind: 'put', key: contentRemovalPlace(tenantId, digest), data: { at, tenantId, digest } },
    ...{ indexes: { byState: contentRemovals(at, tenantId, digest) }, condition: asRead(seen) },
  };
}

async function deleteMarked(
  { table, blobs }: ContentPorts,
  tenantId: string,
  digest: Sha256,
  version: number,
): Promise<'removed'> {
  await blobs.delete(artifactPlace(tenantId, digest));
  const key = contentRemovalPlace(tenantId, digest);
  await wrote(table, [{ kind: 'delete', key, condition: asRead(version) }]);
  return 'removed';
}
