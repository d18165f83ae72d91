import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { findImage, imageUnchanged, needKept } from './image.ts';
import { guardPlace, lockPinPlace, lockPinsPlace, referencePlace, referencesCounter } from './places.ts';

/** What may name a build. */
export const referenceKinds = ['build', 'hold'] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

/** Why a build names another. */
export const buildReferences = ['resumed', 'retried', 'verified'] as const;
export const referenceSchema = z.strictObject({
  kind: z.enum(referenceKinds),
  id: z.string(),
  /** Of a build: what it does with the other. */
  how: z.enum(buildReferences).exactOptional(),
});
export type Reference = z.infer<typeof referenceSchema>;

/**
 * The writes by which something names a build from now on. They belong into the transaction that makes it, with the check
 * that the image is as it was read: a removal that came first fails them, and one that comes later finds them.
 */
export function referenceWrites(buildId: string, reference: Reference, imageVersion: number | undefined): TableWrite[] {
  return [
    imageUnchanged(buildId, imageVersion),
    { kind: 'increment', key: guardPlace(buildId), counter: referencesCounter, by: 1 },
    { kind: 'put', key: referencePlace(buildId, reference.kind, reference.id), data: reference },
  ];
}

/** The build that a new one is made from. */
function sourceOf(
  build: BuildRecord,
): { readonly buildId: string; readonly how: NonNullable<Reference['how']> } | undefined {
  if (build.verifies !== undefined) return { buildId: build.verifies, how: 'verified' };
  if (build.resumedFrom !== undefined) return { buildId: build.resumedFrom, how: 'resumed' };
  return build.retryOf === undefined ? undefined : { buildId: build.retryOf, how: 'retried' };
}

/**
 * The writes by which a new build protects the one that it is made from until it has ended. A spec outlives its image,
 * so that what is removed can be retried and resumed, which needs no protection; a verification needs the image.
 * @throws EngineError artifact.in_trash, artifact.purged of a verification
 */
export async function sourceWrites(table: Pick<Table, 'get'>, build: BuildRecord): Promise<readonly TableWrite[]> {
  const source = sourceOf(build);
  if (source === undefined) return [];
  const { buildId, how } = source;
  const found = await findImage(table, buildId);
  if (found !== undefined && found.image.state !== 'kept') {
    if (how !== 'verified') return [];
    needKept(found.image);
  }
  return referenceWrites(buildId, { kind: 'build', id: build.id, how }, found?.version);
}

/** Digest of the lock that a template's spec names as such, where it names one. */
export function lockNamed(spec: { readonly lock?: unknown }): string | undefined {
  const { lock } = spec;
  return typeof lock === 'string' && /^[0-9a-f]{64}$/.test(lock) ? lock : undefined;
}

/** The writes by which a version of a template protects the builds whose lock it names. */
export function lockPinWrites(tenantId: string, templateId: string, spec: { readonly lock?: unknown }): TableWrite[] {
  const lock = lockNamed(spec);
  if (lock === undefined) return [];
  return [
    { kind: 'increment', key: lockPinsPlace(tenantId, lock), counter: referencesCounter, by: 1 },
    { kind: 'put', key: lockPinPlace(tenantId, lock, templateId), data: { templateId } },
  ];
}
