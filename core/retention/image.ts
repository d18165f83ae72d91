import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table, TableCondition, TableRecord, TableWrite } from '../ports/table.ts';
import { hasLeft } from '../sharing/work-of.ts';
import { allTrash, imagePlace, keptImages, purgingOfTenant, trashOfTenant } from './places.ts';

const timestamp = z.iso.datetime();

export interface RetentionPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * trashed: nobody downloads it, and it can be restored. purging: it is gone for everybody, and its bytes are about to
 * be. purged: nothing of it is stored.
 */
export const imageStates = ['kept', 'trashed', 'purging', 'purged'] as const;
export type ImageState = (typeof imageStates)[number];

export const tagSchema = z
  .string()
  .max(60)
  .regex(/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/)
  .describe('Lower-case letters, digits, inner dots, hyphens and underscores.');

export const trashSchema = z.strictObject({
  at: timestamp,
  /** From then on it may be purged. */
  purgeAt: timestamp,
  /** Names of the policies that it was removed by; absent: somebody asked for it. */
  policies: z.array(z.string()).exactOptional(),
  /** Who asked. */
  memberId: z.string().exactOptional(),
  /** When it is looked at again, of what may be purged and is protected. */
  lookAt: timestamp.exactOptional(),
});

/** What is stored of a build's artifacts: one image, as quotas count it, of however many files. */
export const imageRecordSchema = z.strictObject({
  buildId: z.string(),
  tenantId: z.string(),
  teamId: z.string().exactOptional(),
  templateId: z.string().exactOptional(),
  name: z.string(),
  endedAt: timestamp,
  tags: z.array(tagSchema),
  state: z.enum(imageStates),
  /** Of all its files; absent: not counted yet (judge-tenant.ts). */
  bytes: z.number().int().min(0).exactOptional(),
  /** To within an hour. */
  lastDownloadedAt: timestamp.exactOptional(),
  /** For when it was told that it expires. */
  toldExpiresAt: timestamp.exactOptional(),
  trash: trashSchema.exactOptional(),
  /** When it was last taken out of the trash. */
  restoredAt: timestamp.exactOptional(),
  purgedAt: timestamp.exactOptional(),
});
export type ImageRecord = z.infer<typeof imageRecordSchema>;

/** An image as it was read; without a version it is not written down yet. */
export interface StoredImage {
  readonly image: ImageRecord;
  readonly version?: number;
}

/**
 * Whether a build that is over may have artifacts that are its own: not one that left the work which it shared, nor one
 * with tests that did not succeed, nor a verification or a warming.
 */
export function keepsArtifacts(build: BuildRecord): boolean {
  if (!isTerminal(build.state) || build.state === 'rejected' || build.purpose !== undefined) return false;
  return !hasLeft(build) && (build.tested !== true || build.state === 'succeeded');
}

/** The image of a build that has ended, as it is at first. */
export function newImage(build: BuildRecord): ImageRecord {
  const { id, tenantId, teamId, template, name, endedAt, submittedAt } = build;
  return {
    ...{ buildId: id, tenantId, name, endedAt: endedAt ?? submittedAt, tags: [], state: 'kept' },
    ...(teamId === undefined ? {} : { teamId }),
    ...(template === undefined ? {} : { templateId: template.id }),
  };
}

/** The write that stores an image as long as it is as it was read; its indexes follow from its state. */
export function imageWrite(image: ImageRecord, version: number | undefined): TableWrite {
  const { buildId, tenantId, endedAt, trash, state } = image;
  const indexes =
    state === 'kept'
      ? { byTenant: keptImages(tenantId, endedAt, buildId) }
      : state === 'trashed' && trash !== undefined
        ? {
            byTenant: trashOfTenant(tenantId, trash.purgeAt, buildId),
            byState: allTrash(trash.lookAt ?? trash.purgeAt, buildId),
          }
        : state === 'purging'
          ? {
              byTenant: purgingOfTenant(tenantId, trash?.purgeAt ?? endedAt, buildId),
              byState: allTrash(trash?.purgeAt ?? endedAt, buildId),
            }
          : {};
  const condition = asRead(version);
  return { kind: 'put', key: imagePlace(buildId), data: toJsonObject(image), indexes, condition };
}

/** The check that an image is as it was read. */
export const imageUnchanged = (buildId: string, version: number | undefined): TableWrite => ({
  ...{ kind: 'check', key: imagePlace(buildId), condition: asRead(version) },
});

export const asRead = (version: number | undefined): TableCondition =>
  version === undefined ? { kind: 'absent' } : { kind: 'version', version };

export const readImage = (record: TableRecord): StoredImage & { readonly version: number } => ({
  image: imageRecordSchema.parse(record.data),
  version: record.version,
});

/** What an event tells of an image beside. */
export const subjectOf = ({ buildId, teamId }: ImageRecord) => ({
  buildId,
  ...(teamId === undefined ? {} : { teamId }),
});

export async function findImage(table: Pick<Table, 'get'>, buildId: string): Promise<StoredImage | undefined> {
  const record = await table.get(imagePlace(buildId));
  return record === undefined ? undefined : readImage(record);
}

/** The image of a build that has ended, written down or not. */
export async function imageOf(table: Pick<Table, 'get'>, build: BuildRecord): Promise<StoredImage> {
  return (await findImage(table, build.id)) ?? { image: newImage(build) };
}

/** @throws EngineError artifact.in_trash, artifact.purged where an image is not there any more */
export function needKept({ state, trash }: Pick<ImageRecord, 'state' | 'trash'>): void {
  if (state === 'trashed' && trash !== undefined) {
    throw new EngineError('artifact.in_trash', `They are in the trash since ${trash.at}, and go at ${trash.purgeAt}.`, {
      extensions: { purgeAt: trash.purgeAt },
    });
  }
  if (state !== 'kept') throw purged();
}

/** @throws EngineError artifact.purged where nothing of an image is stored any more, or is about to be */
export function needUnpurged({ state }: Pick<ImageRecord, 'state'>): void {
  if (state === 'purging' || state === 'purged') throw purged();
}

const purged = () => new EngineError('artifact.purged', 'The trash that they were in was emptied.');
