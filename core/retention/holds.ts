import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import type { Reach } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { getBuild } from '../builds/build-repository.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed, type Table, type TableKey } from '../ports/table.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { asRead, findImage, needKept, type RetentionPorts } from './image.ts';
import { retentionLimits } from './limits.ts';
import { guardPlace, holdPlace, referencePlace, referencesCounter } from './places.ts';
import { referenceWrites } from './references.ts';

export const reasonSchema = z
  .string()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, 'must be one line')
  .describe('Why, for people: one line.');

/** A legal hold: what a build made is not removed while it is there, nor purged from the trash. */
export const holdRecordSchema = z
  .strictObject({
    id: z.string(),
    build: z.string().describe('Id of the build.'),
    reason: z.string(),
    placedAt: z.iso.datetime(),
    placedBy: z.string().describe('Id of the member.'),
  })
  .meta({ id: 'Hold' });
export type HoldRecord = z.infer<typeof holdRecordSchema>;

const countPlace = (tenantId: string): TableKey => ({ partition: `TENANT#${tenantId}`, sort: 'COUNT#holds' });

/**
 * Places a legal hold on a build. What is in the trash stays there, restorable, as long as it is held.
 * @throws EngineError build.not_found, hold.too_many, artifact.purged
 */
export async function placeHold(
  ports: RetentionPorts,
  reach: Reach,
  content: { readonly build: string; readonly reason: string },
  { actor, remember }: { readonly actor: Actor; readonly remember: Remember },
): Promise<HoldRecord> {
  const { table, clock, ids } = ports;
  const { build, reason } = content;
  const hold: HoldRecord = {
    ...{ id: ids.next('hld'), build, reason },
    ...{ placedAt: clock.now().toISOString(), placedBy: actor.memberId },
  };
  return untilDone(async () => {
    await getBuild(table, reach, build);
    const found = await findImage(table, build);
    if (found !== undefined && found.image.state !== 'trashed') needKept(found.image);
    try {
      await table.transact([
        {
          ...{ kind: 'increment', key: countPlace(actor.tenantId), counter: 'count', by: 1 },
          ...{ min: 0, max: retentionLimits.holds },
        },
        ...referenceWrites(build, { kind: 'hold', id: hold.id }, found?.version),
        {
          ...{ kind: 'put', key: holdPlace(actor.tenantId, hold.id), data: toJsonObject(hold) },
          condition: { kind: 'absent' },
        },
        auditWrite(ports, actor, { action: 'hold.placed', target: hold.id, detail: { buildId: build, reason } }),
        ...remember(hold.id),
      ]);
      return hold;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.failed.includes(0)) {
        throw new EngineError('hold.too_many', `The tenant has ${retentionLimits.holds} holds.`);
      }
      // Only the image's own change is worth another look.
      if (error.failed.includes(1)) return undefined;
      throw error;
    }
  });
}

/**
 * Releases a hold, with a reason that the audit log keeps.
 * @throws EngineError hold.not_found
 */
export async function releaseHold(
  ports: RetentionPorts,
  actor: Actor,
  holdId: string,
  reason: string,
): Promise<HoldRecord> {
  const { table } = ports;
  return untilDone(async () => {
    const stored = await table.get(holdPlace(actor.tenantId, holdId));
    if (stored === undefined) throw missingHold();
    const hold = holdRecordSchema.parse(stored.data);
    try {
      await table.transact([
        { kind: 'delete', key: stored.key, condition: asRead(stored.version) },
        { kind: 'delete', key: referencePlace(hold.build, 'hold', hold.id) },
        { kind: 'increment', key: guardPlace(hold.build), counter: referencesCounter, by: -1 },
        { kind: 'increment', key: countPlace(actor.tenantId), counter: 'count', by: -1 },
        auditWrite(ports, actor, {
          ...{ action: 'hold.released', target: hold.id },
          detail: { buildId: hold.build, reason },
        }),
      ]);
      return hold;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}

/** @throws EngineError hold.not_found, also for what only another tenant has */
export async function getHold(table: Table, tenantId: string, holdId: string): Promise<HoldRecord> {
  const stored = await table.get(holdPlace(tenantId, holdId));
  if (stored === undefined) throw missingHold();
  return holdRecordSchema.parse(stored.data);
}

/** A page of a tenant's holds, the oldest first. */
export async function listHolds(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly holds: readonly HoldRecord[]; readonly cursor?: string }> {
  const { records, cursor } = await table.query({ partition: holdPlace(tenantId, '').partition, ...page });
  return {
    holds: records.map(({ data }) => holdRecordSchema.parse(data)),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function missingHold(): EngineError {
  return new EngineError('hold.not_found', 'The tenant has no hold of this id.');
}
