import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { Table, TableKey, TableRecord, TableWrite } from '../ports/table.ts';
import { daySchema } from './days.ts';
import { payers, type UsageKind, usageKinds } from './kinds.ts';
import { sumPlace, tenantUsageIndex } from './places.ts';

/** What was used on one day, by what. Written once and never changed. */
export const usageRecordSchema = z.strictObject({
  tenantId: z.string(),
  teamId: z.string().exactOptional(),
  payer: z.enum(payers),
  day: daySchema,
  /** Of builders: the part of their time that lies in the day. */
  from: z.iso.datetime().exactOptional(),
  to: z.iso.datetime().exactOptional(),
  buildId: z.string().exactOptional(),
  stage: z.string().exactOptional(),
  attempt: z.number().int().exactOptional(),
  /** How the attempt ended: what infrastructure took back is the service's cost. */
  ending: z.string().exactOptional(),
  quantities: z.partialRecord(z.enum(usageKinds), z.number().int().min(1)),
  recordedAt: z.iso.datetime(),
});
export type UsageRecord = z.infer<typeof usageRecordSchema>;

export const readUsage = (record: TableRecord): UsageRecord => usageRecordSchema.parse(record.data);

/** Name of the counter in a sum's record. */
export const quantityCounter = 'quantity';

/**
 * The writes that store a record and count it in the sums of its day, for one transaction: the record's condition makes
 * them happen once. Nothing where nothing was used.
 */
export function usageWrites(key: TableKey, record: UsageRecord): TableWrite[] {
  const { tenantId, teamId, payer, day } = record;
  const used = Object.entries(record.quantities) as [UsageKind, number][];
  if (used.length === 0) return [];
  return [
    {
      ...{ kind: 'put', key, data: toJsonObject(record), condition: { kind: 'absent' } },
      indexes: { byTenant: tenantUsageIndex(tenantId, day, key) },
    },
    ...used.map(([kind, by]): TableWrite => {
      const sum = sumPlace(tenantId, { day, payer, kind, teamId }, key);
      return { kind: 'increment', key: sum, counter: quantityCounter, by };
    }),
  ];
}

/** Quantities without those of nothing: a record holds none. */
export function someOf(quantities: Readonly<Record<string, number>>): UsageRecord['quantities'] {
  return Object.fromEntries(Object.entries(quantities).filter(([, quantity]) => quantity > 0));
}

/** A page of a tenant's records of a day, by an index that may lag a little. */
export async function listUsageOfDay(
  table: Table,
  tenantId: string,
  day: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly records: readonly UsageRecord[]; readonly cursor?: string }> {
  const { partition } = tenantUsageIndex(tenantId, day, { partition: '', sort: '' });
  const { records, cursor } = await table.query({ index: 'byTenant', partition, sortPrefix: `${day}#`, ...page });
  return { records: records.map(readUsage), ...(cursor === undefined ? {} : { cursor }) };
}
