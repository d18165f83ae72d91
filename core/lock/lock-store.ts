import { z } from 'zod';
import { buildLockKey, ownLockKey, recordedLockKey } from '../builds/keys.ts';
import { lockPlace } from '../builds/places.ts';
import { type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { readJson } from '../json.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { type BuildLock, buildLockSchema, lockFile } from './build-lock.ts';
import type { KnownLock } from './locked-drafts.ts';

const pointerSchema = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** Keeps a lock for a tenant, under the digest of its file. */
export async function storeLock(blobs: Pick<Blobs, 'put'>, tenantId: string, lock: BuildLock): Promise<Sha256> {
  const { bytes, sha256: digest } = lockFile(lock);
  await blobs.put(lockPlace(tenantId, digest), bytes, { contentType: 'application/json', ifAbsent: true });
  return digest;
}

/**
 * The writes by which a lock that the engine made is that of its build, and known to be the engine's own: in the
 * transaction that ends the build.
 */
export function lockWrites(
  build: { readonly id: string; readonly tenantId: string },
  digest: Sha256,
): readonly TableWrite[] {
  return [
    { kind: 'put', key: buildLockKey(build.id), data: { sha256: digest } },
    { kind: 'put', key: recordedLockKey(digest), data: { sha256: digest } },
    { kind: 'put', key: ownLockKey(digest, build.tenantId), data: { sha256: digest } },
  ];
}

/** The digest of a build's lock; undefined where it has none. */
export async function lockDigestOf(table: Pick<Table, 'get'>, buildId: string): Promise<Sha256 | undefined> {
  const record = await table.get(buildLockKey(buildId));
  return record === undefined ? undefined : pointerSchema.parse(record.data).sha256;
}

/** A lock of a tenant's by its digest; undefined where there is none, or other bytes. */
export async function readLock(
  blobs: Pick<Blobs, 'get'>,
  tenantId: string,
  digest: Sha256,
): Promise<BuildLock | undefined> {
  const bytes = await blobs.get(lockPlace(tenantId, digest));
  if (bytes === undefined || sha256(bytes) !== digest) return undefined;
  return buildLockSchema.safeParse(readJson(bytes)).data;
}

/** Whether the engine made a lock itself. */
export async function isRecorded(table: Pick<Table, 'get'>, digest: Sha256): Promise<boolean> {
  return (await table.get(recordedLockKey(digest))) !== undefined;
}

/**
 * The lock that a spec names; undefined where it names none.
 * @throws EngineError lock.not_found
 */
export async function lockOfSpec(
  ports: { readonly table: Pick<Table, 'get'>; readonly blobs: Pick<Blobs, 'get'> },
  tenantId: string,
  spec: Pick<ResolvedSpec, 'lock'>,
): Promise<KnownLock | undefined> {
  if (spec.lock === undefined) return undefined;
  const [lock, recorded, own] = await Promise.all([
    readLock(ports.blobs, tenantId, spec.lock),
    isRecorded(ports.table, spec.lock),
    ports.table.get(ownLockKey(spec.lock, tenantId)),
  ]);
  if (lock === undefined) throw new EngineError('lock.not_found', `There is no lock ${spec.lock}.`);
  return { lock, recorded, own: own !== undefined };
}
