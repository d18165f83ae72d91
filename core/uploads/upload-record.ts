import { z } from 'zod';
import type { Versioned } from '../builds/build-repository.ts';
import { tenantUploadsIndex, uploadExpiryIndex, uploadKey } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { TableRecord, TableWrite } from '../ports/table.ts';
import { uploadLimits } from './limits.ts';

const timestamp = z.iso.datetime();

/** SHA-256 of an upload, which names it. */
export const uploadDigestSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** Text without control characters and slashes: what a file may be called. */
export const uploadNameSchema = z
  .string()
  .min(1)
  .max(uploadLimits.nameLength)
  .regex(/^[^\p{C}/]+$/u, 'holds a slash or a control character');

/** A file that a tenant uploads. Its bytes, once they are there, lie at `uploadPlace`. */
export const uploadRecordSchema = z.strictObject({
  tenantId: z.string(),
  sha256: uploadDigestSchema,
  size: z.number().int().min(1),
  /** The most bytes that were ever declared: so much of the tenant's room it takes. */
  reservedBytes: z.number().int().min(1),
  /** For people; means nothing. */
  name: uploadNameSchema.optional(),
  createdAt: timestamp,
  /** When its bytes were first seen in the store. */
  storedAt: timestamp.optional(),
  /** From then on it is removed by the next sweep, unless a build needs it. */
  expiresAt: timestamp,
  /** When a build of it was last started, or a stage made ready that reads it (`uploadLimits.useNoteMilliseconds`). */
  usedAt: timestamp.optional(),
  /** When an address for its bytes was last given; absent where none was. */
  addressedAt: timestamp.optional(),
  /** It is being removed: for everybody but the sweep it is not there. */
  removing: z.literal(true).optional(),
  /**
   * It is removed, bytes and all, and not there for anybody. The record still counts what an address that was given may
   * bring, until it expires or the upload is declared again.
   */
  removed: z.literal(true).optional(),
});
export type UploadRecord = z.infer<typeof uploadRecordSchema>;

export function readUploadRecord(record: TableRecord): Versioned<UploadRecord> {
  return { value: uploadRecordSchema.parse(record.data), version: record.version };
}

/** The write that stores an upload under a condition; its indexes follow from it. */
export function uploadWrite(upload: UploadRecord, version: number | 'absent'): TableWrite {
  const { tenantId, sha256, createdAt, expiresAt } = upload;
  return {
    kind: 'put',
    key: uploadKey(tenantId, sha256),
    data: toJsonObject(upload),
    indexes: {
      ...(upload.removing === true || upload.removed === true
        ? {}
        : { byTenant: tenantUploadsIndex(tenantId, createdAt, sha256) }),
      byState: uploadExpiryIndex(expiresAt, tenantId, sha256),
    },
    condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },
  };
}
