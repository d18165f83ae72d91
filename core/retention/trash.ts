import { untilDone } from '../access/attempts.ts';
import type { Reach } from '../access/reach.ts';
import { type Actor, type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild, getBuild } from '../builds/build-repository.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { EngineError } from '../errors.ts';
import { outboxWrite } from '../events/outbox.ts';
import { type Table, type TableWrite, wrote } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';
import {
  type ImageRecord,
  imageOf,
  imageWrite,
  keepsArtifacts,
  needKept,
  type RetentionPorts,
  readImage,
  type StoredImage,
  subjectOf,
} from './image.ts';
import { trashOfTenant } from './places.ts';
import { readBook } from './policy-repository.ts';
import { readProtections, toldProtections } from './protection.ts';

const dayMilliseconds = 86_400_000;

/**
 * Puts what a build made into the trash for somebody who asks for it. Asking again changes nothing.
 * @throws EngineError build.not_found, retention.protected, retention.nothing_stored, artifact.purged
 */
export async function removeArtifacts(
  ports: RetentionPorts,
  reach: Reach,
  buildId: string,
  actor: Actor,
): Promise<ImageRecord> {
  return untilDone(async () => {
    await getBuild(ports.table, reach, buildId);
    const build = await theBuild(ports.table, buildId);
    const { trashDays } = await readBook(ports.table, build.tenantId);
    const { image, version } = await imageOf(ports.table, build);
    if (image.state === 'trashed') return image;
    const { protections, unchanged } = await readProtections(ports.table, build);
    if (protections.length > 0) {
      throw new EngineError('retention.protected', `It is protected: ${toldProtections(protections)}.`);
    }
    needKept(image);
    const bytes = await needStored(ports.table, build);
    const stored = { image: { ...image, bytes }, ...(version === undefined ? {} : { version }) };
    const { trashed, writes } = trashWrites(ports, actor, stored, { trashDays });
    return (await wrote(ports.table, [...writes, ...unchanged])) ? trashed : undefined;
  });
}

/**
 * The writes that put an image into the trash: its own first. What protects it is checked by the caller's in the same
 * transaction.
 */
export function trashWrites(
  ports: RetentionPorts,
  actor: ActorOrEngine,
  { image, version }: StoredImage,
  { trashDays, policies }: { readonly trashDays: number; readonly policies?: readonly string[] },
): { readonly trashed: ImageRecord; readonly writes: readonly TableWrite[] } {
  const now = ports.clock.now();
  const { toldExpiresAt: _, ...kept } = image;
  const purgeAt = new Date(now.getTime() + trashDays * dayMilliseconds).toISOString();
  const trashed: ImageRecord = {
    ...{ ...kept, state: 'trashed' },
    trash: {
      ...{ at: now.toISOString(), purgeAt },
      ...(policies === undefined ? {} : { policies: [...policies] }),
      ...('memberId' in actor ? { memberId: actor.memberId } : {}),
    },
  };
  const detail = { ...subjectOf(image), purgeAt, ...(policies === undefined ? {} : { policies: [...policies] }) };
  return {
    trashed,
    writes: [
      imageWrite(trashed, version),
      auditWrite(ports, actor, { action: 'artifact.trashed', target: image.buildId, detail }),
      outboxWrite(ports, 'artifact.trashed', image.tenantId, detail),
    ],
  };
}

/**
 * Takes what a build made out of the trash, as it was. What is kept already stays so.
 * @throws EngineError build.not_found, retention.not_in_trash, artifact.purged
 */
export async function restoreArtifacts(
  ports: RetentionPorts,
  reach: Reach,
  buildId: string,
  actor: Actor,
): Promise<ImageRecord> {
  return untilDone(async () => {
    await getBuild(ports.table, reach, buildId);
    const { image, version } = await imageOf(ports.table, await theBuild(ports.table, buildId));
    if (image.state === 'kept') throw new EngineError('retention.not_in_trash', 'They are kept.');
    if (image.state !== 'trashed') needKept(image);
    const { trash: _, ...rest } = image;
    const restored: ImageRecord = { ...rest, state: 'kept', restoredAt: ports.clock.now().toISOString() };
    const done = await wrote(ports.table, [
      imageWrite(restored, version),
      auditWrite(ports, actor, { action: 'artifact.restored', target: buildId }),
      outboxWrite(ports, 'artifact.restored', image.tenantId, subjectOf(image)),
    ]);
    return done ? restored : undefined;
  });
}

/**
 * Replaces the tags of what a build made.
 * @throws EngineError build.not_found, build.not_ended, retention.nothing_stored, artifact.in_trash, artifact.purged
 */
export async function tagArtifacts(
  ports: RetentionPorts,
  reach: Reach,
  buildId: string,
  change: { readonly actor: Actor; readonly tags: readonly string[] },
): Promise<ImageRecord> {
  return untilDone(async () => {
    const { value: shown } = await getBuild(ports.table, reach, buildId);
    if (shown.endedAt === undefined) throw new EngineError('build.not_ended', `The build is ${shown.state}.`);
    const build = await theBuild(ports.table, buildId);
    const { image, version } = await imageOf(ports.table, build);
    needKept(image);
    // A tag writes an image down: not one of a build that has none, whose bytes nothing keeps.
    await needStored(ports.table, build);
    const tags = [...new Set(change.tags)].sort();
    const tagged: ImageRecord = { ...image, tags };
    const done = await wrote(ports.table, [
      imageWrite(tagged, version),
      auditWrite(ports, change.actor, { action: 'artifact.tagged', target: buildId, detail: { tags } }),
    ]);
    return done ? tagged : undefined;
  });
}

/** A build as it stands, and not as its readers see it. */
export async function theBuild(table: Table, buildId: string): Promise<BuildRecord> {
  const found = await findBuild(table, buildId);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  return found.value;
}

/** Bytes of what a build made. @throws EngineError retention.nothing_stored */
async function needStored(table: Table, build: BuildRecord): Promise<number> {
  const artifacts = keepsArtifacts(build) ? await listArtifacts(table, workOf(build)) : [];
  if (artifacts.length > 0) return bytesOf(artifacts);
  throw new EngineError('retention.nothing_stored', `The build is ${build.state} and has no artifacts of its own.`);
}

export const bytesOf = (files: readonly { readonly size: number }[]): number =>
  files.reduce((sum, { size }) => sum + size, 0);

/** A page of a tenant's trash, what goes next first. */
export async function listTrash(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly images: readonly ImageRecord[]; readonly cursor?: string }> {
  const { partition } = trashOfTenant(tenantId, '', '');
  const { records, cursor } = await table.query({ index: 'byTenant', partition, ...page });
  return { images: records.map((record) => readImage(record).image), ...(cursor === undefined ? {} : { cursor }) };
}
