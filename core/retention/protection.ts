import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { specKey } from '../builds/keys.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { lockDigestOf } from '../lock/lock-store.ts';
import type { Table, TableIndex, TableKey, TablePage, TableRecord, TableWrite } from '../ports/table.ts';
import { hasSharers } from '../sharing/sharers.ts';
import { workOf } from '../sharing/work-of.ts';
import { templatePlace } from '../templates/places.ts';
import { templateRecordSchema } from '../templates/template-record.ts';
import { asRead } from './image.ts';
import { guardPlace, lockPinPrefix, lockPinsPlace, referencePlace } from './places.ts';
import { referenceSchema } from './references.ts';

/** Why nobody removes what a build made. */
export const protectionReasons = [
  'running',
  'sharing',
  'resumed',
  'retried',
  'verified',
  'approval',
  'template',
  'hold',
] as const;
export const protectionSchema = z
  .strictObject({
    reason: z
      .enum(protectionReasons)
      .describe(
        'running: it has not ended. sharing: builds that have not ended share its work. resumed, retried, verified: a build that has not ended does so. approval: its publication waits for approval. template: a template names its lock, from which it was not made itself. hold: it is on legal hold.',
      ),
    by: z.string().exactOptional().describe('Id of the build, template or hold that protects it.'),
  })
  .meta({ id: 'Protection' });
export type Protection = z.infer<typeof protectionSchema>;

/** What protects a build, and the writes that fail where anything more has come to protect it. */
export interface Protections {
  readonly protections: readonly Protection[];
  readonly unchanged: readonly TableWrite[];
  /** References that protect nothing any more: what made them has ended. */
  readonly stale: readonly TableKey[];
}

/**
 * Reads all that protects what a build made, strongly consistent. The guards are read before what they guard: a reference
 * that is made after that fails `unchanged`. What the build's own record tells does not come again once it is over.
 */
export async function readProtections(table: Table, build: BuildRecord): Promise<Protections> {
  const guard = await table.get(guardPlace(build.id));
  const lock = await lockDigestOf(table, workOf(build));
  const pinsKey = lock === undefined ? undefined : lockPinsPlace(build.tenantId, lock);
  const pins = pinsKey === undefined ? undefined : await table.get(pinsKey);
  const protections: Protection[] = [];
  if (!isTerminal(build.state)) protections.push({ reason: 'running' });
  if (await hasSharers(table, build.id)) protections.push({ reason: 'sharing' });
  if (build.publication === 'held') {
    const by = build.approvals?.publish;
    protections.push({ reason: 'approval', ...(by === undefined ? {} : { by }) });
  }
  const stale: TableKey[] = [];
  if (guard !== undefined) {
    for await (const { key, data } of allOf(table, referencePlace(build.id, '', '').partition)) {
      const { kind, id, how } = referenceSchema.parse(data);
      if (kind === 'hold') protections.push({ reason: 'hold', by: id });
      else if (await isUnderWay(table, id)) protections.push({ reason: how ?? 'retried', by: id });
      else stale.push(key);
    }
  }
  if (pinsKey !== undefined && pins !== undefined && !(await wasLocked(table, workOf(build), lock))) {
    for await (const { data } of allOf(table, pinsKey.partition, lockPinPrefix)) {
      const { templateId } = z.object({ templateId: z.string() }).parse(data);
      if (await isTemplate(table, templateId)) protections.push({ reason: 'template', by: templateId });
    }
  }
  return {
    ...{ protections, stale },
    unchanged: [
      { kind: 'check', key: guardPlace(build.id), condition: asRead(guard?.version) },
      ...(pinsKey === undefined ? [] : [{ kind: 'check' as const, key: pinsKey, condition: asRead(pins?.version) }]),
    ],
  };
}

/** Whether a build was made from a lock: then this is not what the lock was taken from, and there may be any number of it. */
async function wasLocked(table: Table, buildId: string, lock: string | undefined): Promise<boolean> {
  const stored = await table.get(specKey(buildId));
  return lock !== undefined && z.looseObject({ lock: z.unknown().optional() }).parse(stored?.data ?? {}).lock === lock;
}

/** Forgets references that protect nothing any more: of a build that is retried each hour there come to be many. */
export async function forgetStale(table: Table, { stale }: Pick<Protections, 'stale'>): Promise<void> {
  const writes = stale.slice(0, 90).map((key): TableWrite => ({ kind: 'delete', key }));
  if (writes.length > 0) await table.transact(writes);
}

async function isUnderWay(table: Table, buildId: string): Promise<boolean> {
  const build = (await findBuild(table, buildId))?.value;
  return build !== undefined && !isTerminal(build.state);
}

async function isTemplate(table: Table, templateId: string): Promise<boolean> {
  const stored = await table.get(templatePlace(templateId));
  return stored !== undefined && templateRecordSchema.parse(stored.data).removedAt === undefined;
}

/** All records of a partition. */
export async function* allOf(
  table: Table,
  partition: string,
  sortPrefix?: string,
  index?: TableIndex,
): AsyncGenerator<TableRecord> {
  let cursor: string | undefined;
  do {
    const page: TablePage = await table.query({
      ...{ partition, limit: 500 },
      ...(index === undefined ? {} : { index }),
      ...(sortPrefix === undefined ? {} : { sortPrefix }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.records;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** What protects something, in words. */
export function toldProtections(protections: readonly Protection[]): string {
  return protections.map(({ reason, by }) => (by === undefined ? reason : `${reason} (${by})`)).join(', ');
}
