import { z } from 'zod';
import { evidenceKinds } from '../evidence/evidence-file.ts';
import { toJsonObject } from '../json.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { evidenceKey } from './keys.ts';

/** A file of evidence that a user can download; its bytes lie in the artifacts bucket under tenant and digest. */
const evidenceRecordSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(evidenceKinds),
  mediaType: z.string(),
  size: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type EvidenceRecord = z.infer<typeof evidenceRecordSchema>;

const storedSchema = z.strictObject({ files: z.array(evidenceRecordSchema) });

/** The write that gives a build its evidence: in the transaction that ends it, so that each succeeded build has one set. */
export function evidenceWrite(buildId: string, files: readonly EvidenceRecord[]): TableWrite {
  return { kind: 'put', key: evidenceKey(buildId), data: toJsonObject({ files }), condition: { kind: 'absent' } };
}

/** The evidence of a build, in the order of its making; empty where it has none. */
export async function listEvidence(table: Table, buildId: string): Promise<readonly EvidenceRecord[]> {
  const record = await table.get(evidenceKey(buildId));
  return record === undefined ? [] : storedSchema.parse(record.data).files;
}
