import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { vulnerabilityDataKey } from './places.ts';
import { dataForms } from './read-data.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const timestamp = z.iso.datetime();

/** A file that the data is of. */
const fileSchema = z.strictObject({
  source: z.string(),
  sha256: digest,
  /** What it had when it was read (VulnerabilityMirror). */
  tag: z.string().exactOptional(),
});

const releaseSchema = z.strictObject({
  release: z.string(),
  advisories: z.int().min(0),
  /** Of its advisories as they lie in the store. */
  sha256: digest,
});

/** What is kept of the last run that failed: the data before it stays. */
const failureSchema = z.strictObject({
  at: timestamp,
  source: z.string().exactOptional(),
  code: z.string(),
  reason: z.string(),
});

/** The vulnerability data of an installation, which all of its tenants share. */
export const dataRecordSchema = z.strictObject({
  /** When it was last looked whether the mirror has other data. */
  checkedAt: timestamp,
  /** Absent: none was ever taken. */
  data: z
    .strictObject({
      /** Of the bytes of all files: equal data has equal digests. */
      digest,
      /** When it was taken over. */
      storedAt: timestamp,
      /** Newest date of any file. */
      takenAt: timestamp,
      forms: z.array(z.enum(dataForms)),
      advisories: z.int().min(0),
      skipped: z.strictObject({
        count: z.int().min(0),
        examples: z.array(z.strictObject({ entry: z.string(), reason: z.string() })).max(limits.skippedExamples),
      }),
      releases: z.array(releaseSchema),
      files: z.array(fileSchema),
    })
    .exactOptional(),
  /** Paths of the data before this, which a scan may still be reading. */
  replaced: z.array(z.strictObject({ release: z.string(), sha256: digest })).default([]),
  failure: failureSchema.exactOptional(),
});
export type DataRecord = z.infer<typeof dataRecordSchema>;
export type StoredData = NonNullable<DataRecord['data']>;

export async function readDataRecord(
  table: Pick<Table, 'get'>,
): Promise<{ readonly record: DataRecord; readonly version: number } | undefined> {
  const stored = await table.get(vulnerabilityDataKey);
  return stored === undefined ? undefined : { record: dataRecordSchema.parse(stored.data), version: stored.version };
}

/** The write that stores a record as long as it is as it was read. */
export const dataRecordWrite = (record: DataRecord, version: number | undefined): TableWrite => ({
  kind: 'put',
  key: vulnerabilityDataKey,
  data: toJsonObject(record),
  condition: version === undefined ? { kind: 'absent' } : { kind: 'version', version },
});
