import { z } from 'zod';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import { type Table, type TableWrite, wrote } from '../ports/table.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { cleanupTaskSchema } from './finding.ts';
import { asRead, type RetentionPorts } from './image.ts';
import { retentionLimits } from './limits.ts';
import { askedCleanupPlace, cleanupPagePlace, cleanupPlace } from './places.ts';

const timestamp = z.iso.datetime();

/** What became of something that was found. */
export const cleanupOutcomes = ['found', 'removed', 'changed', 'failed'] as const;

export const cleanupEntrySchema = z
  .strictObject({
    task: cleanupTaskSchema,
    what: z.string().describe('Id, path or name of it.'),
    tenant: z.string().exactOptional().describe('Whose it is; for operators.'),
    why: z.array(z.string()).describe('Of an image the policies by which it goes.'),
    bytes: z.number().int().exactOptional(),
    outcome: z
      .enum(cleanupOutcomes)
      .describe('found: by a dry run. changed: not as it was found any more, so that the next one looks again.'),
    error: z.string().exactOptional(),
  })
  .meta({ id: 'CleanupEntry' });
export type CleanupEntry = z.infer<typeof cleanupEntrySchema>;

const count = z.number().int().min(0);
export const taskCountsSchema = z
  .strictObject({
    task: cleanupTaskSchema,
    found: count,
    removed: count,
    bytes: count.describe('Of what was removed, or of what a dry run found.'),
    failed: count,
    more: z.boolean().describe('There is more, which the next one goes on with.'),
    error: z.string().exactOptional().describe('Why it could not look.'),
  })
  .meta({ id: 'CleanupCounts' });
export type TaskCounts = z.infer<typeof taskCountsSchema>;

/** What a cleanup was to do and has done: kept for 90 days. */
export const cleanupRecordSchema = z.strictObject({
  id: z.string(),
  /** A tenant's id, or that it is of the installation. */
  owner: z.string(),
  tasks: z.array(cleanupTaskSchema).min(1),
  dryRun: z.boolean(),
  state: z.enum(['requested', 'done']),
  requestedAt: timestamp,
  /** Absent: a schedule. */
  memberId: z.string().exactOptional(),
  endedAt: timestamp.exactOptional(),
  milliseconds: count.exactOptional(),
  counts: z.array(taskCountsSchema),
  /** Entries that can be read: no more than `mostListed`. */
  listed: count,
});
export type CleanupRecord = z.infer<typeof cleanupRecordSchema>;

/** Entries that a report lists at most; what is beyond is counted. */
export const mostListed = 2_000;
/** Entries of one record of the table: of some 200 bytes each. */
const entriesAtOnce = 100;

const expires = (at: string): number => Math.floor(Date.parse(at) / 1_000) + retentionLimits.reportDays * 86_400;

const recordWrite = (record: CleanupRecord, version: number | undefined): TableWrite => ({
  ...{ kind: 'put', key: cleanupPlace(record.owner, record.id), data: toJsonObject(record) },
  ...{ expiresAt: expires(record.requestedAt), condition: asRead(version) },
});

const askedSchema = z.strictObject({ id: z.string(), at: timestamp });

/** Milliseconds after which a cleanup without a report is over: no function lives longer than 15 minutes. */
const overAfter = 1_200_000;

/**
 * The write by which a cleanup is the one that was asked for last. One at a time: each takes a function for minutes, and
 * many at once would take those of everybody.
 * @throws EngineError cleanup.running
 */
async function askedWrite({ table, clock }: RetentionPorts, { id, owner }: CleanupRecord): Promise<TableWrite> {
  const key = askedCleanupPlace(owner);
  const stored = await table.get(key);
  const now = clock.now();
  if (stored !== undefined) {
    const last = askedSchema.parse(stored.data);
    const record = await table.get(cleanupPlace(owner, last.id));
    const isUnderWay = record !== undefined && cleanupRecordSchema.parse(record.data).state === 'requested';
    if (isUnderWay && now.getTime() < Date.parse(last.at) + overAfter) {
      throw new EngineError('cleanup.running', `The cleanup ${last.id} was asked for at ${last.at}.`, {
        ...{ retryAfterSeconds: 10, extensions: { cleanupId: last.id } },
      });
    }
  }
  return { kind: 'put', key, data: { id, at: now.toISOString() }, condition: asRead(stored?.version) };
}

/**
 * Asks for a cleanup: an event of it calls who does it.
 * @throws EngineError cleanup.running while one that was asked for before is under way
 */
export async function requestCleanup(
  ports: RetentionPorts,
  content: Pick<CleanupRecord, 'owner' | 'tasks' | 'dryRun'>,
  { actor, remember }: { readonly actor: Actor; readonly remember: Remember },
): Promise<CleanupRecord> {
  const record: CleanupRecord = {
    ...{ ...content, id: ports.ids.next('cln'), state: 'requested', requestedAt: ports.clock.now().toISOString() },
    ...{ memberId: actor.memberId, counts: [], listed: 0 },
  };
  const { id, owner, tasks, dryRun } = record;
  const asked = await askedWrite(ports, record);
  const done = await wrote(ports.table, [
    asked,
    recordWrite(record, undefined),
    outboxWrite(ports, 'cleanup.requested', actor.tenantId, { cleanupId: id, owner }),
    auditWrite(ports, actor, { action: 'cleanup.requested', target: id, detail: { owner, tasks, dryRun } }),
    ...remember(id),
  ]);
  // Who asked at the same time was faster, or the call's claim is another's by now.
  if (!done) throw new EngineError('service.unavailable', 'Somebody else asked at once.', { retryAfterSeconds: 1 });
  return record;
}

/** @throws EngineError cleanup.not_found, also for another tenant's */
export async function getCleanup(table: Table, owner: string, id: string): Promise<CleanupRecord> {
  const stored = await table.get(cleanupPlace(owner, id));
  if (stored === undefined) throw new EngineError('cleanup.not_found', 'There is no cleanup of this id.');
  return cleanupRecordSchema.parse(stored.data);
}

/** A page of cleanups, the latest first. */
export async function listCleanups(
  table: Table,
  owner: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly cleanups: readonly CleanupRecord[]; readonly cursor?: string }> {
  const { partition } = cleanupPlace(owner, '');
  const { records, cursor } = await table.query({ partition, descending: true, ...page });
  return {
    cleanups: records.map(({ data }) => cleanupRecordSchema.parse(data)),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

const pageSchema = z.strictObject({ entries: z.array(cleanupEntrySchema) });

/**
 * A page of what a cleanup found: a record of them. It ends with what the report lists: of a cleanup that was told twice
 * an earlier report may have been longer.
 */
export async function listEntries(
  table: Table,
  { id, listed }: Pick<CleanupRecord, 'id' | 'listed'>,
  cursor?: string,
): Promise<{ readonly entries: readonly CleanupEntry[]; readonly cursor?: string }> {
  const page = await table.query({
    ...{ partition: cleanupPagePlace(id, 0).partition, limit: 1 },
    ...(cursor === undefined ? {} : { cursor }),
  });
  const [record] = page.records;
  const left = listed - (record === undefined ? 0 : Number(record.key.sort) * entriesAtOnce);
  if (record === undefined || left <= 0) return { entries: [] };
  return {
    entries: pageSchema.parse(record.data).entries.slice(0, left),
    ...(page.cursor === undefined || left <= entriesAtOnce ? {} : { cursor: page.cursor }),
  };
}

/**
 * Writes the report of a cleanup that has ended: its entries, then its record. Of one that is told twice the later report
 * is the one that is read.
 */
export async function storeReport(
  { table, clock }: Pick<RetentionPorts, 'table' | 'clock'>,
  record: CleanupRecord,
  done: { readonly counts: readonly TaskCounts[]; readonly entries: readonly CleanupEntry[]; readonly startedAt: Date },
): Promise<CleanupRecord> {
  const listed = done.entries.slice(0, mostListed);
  for (let at = 0; at < listed.length; at += entriesAtOnce) {
    const data = toJsonObject({ entries: listed.slice(at, at + entriesAtOnce) });
    const key = cleanupPagePlace(record.id, at / entriesAtOnce);
    await table.transact([{ kind: 'put', key, data, expiresAt: expires(record.requestedAt) }]);
  }
  const now = clock.now();
  const after: CleanupRecord = {
    ...{ ...record, state: 'done', endedAt: now.toISOString() },
    ...{ milliseconds: Math.max(0, now.getTime() - done.startedAt.getTime()), counts: [...done.counts] },
    listed: listed.length,
  };
  const { condition: _, ...write } = recordWrite(after, undefined) as Extract<TableWrite, { kind: 'put' }>;
  await table.transact([write]);
  return after;
}
