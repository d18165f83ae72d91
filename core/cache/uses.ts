import { z } from 'zod';
import type { BuildRecord, ResultRecord } from '../builds/build-record.ts';
import { resultRecordSchema } from '../builds/build-record.ts';
import { cacheIndex, resultKey, sharedUseKey } from '../builds/keys.ts';
import { type ResultOwner, scopeIn } from '../builds/plan-store.ts';
import { lastUseOf, resultWrite } from '../builds/stage-repository.ts';
import type { PlanStep } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';

/** A use is noted no more often than this, so that a hit costs a read at most. */
export const noteMilliseconds = 3_600_000;

/** Days after a tenant's last use of a shared result for which its list shows it. */
const rememberedDays = 60;

/**
 * A tenant's use of a shared result. It holds nothing of the pool's own record: who else uses a result, and since when
 * it is there, is nobody's business.
 */
export const sharedUseSchema = z.strictObject({
  key: z.string(),
  step: z.string(),
  buildId: z.string(),
  lastUsedAt: z.iso.datetime(),
  hits: z.number().int().min(0),
});
export type SharedUse = z.infer<typeof sharedUseSchema>;

interface UsePorts {
  readonly table: Table;
  readonly clock: Clock;
}

/**
 * Notes that a build takes a result; of each result at most once an hour. What was used within a day is not evicted
 * (core/cache/eviction.ts), so from here on it is there for the build.
 * @param use `made`: the build has just made it, so that this is no hit
 * @returns false where it has gone since it was found: then it is no hit
 */
export async function recordUse(
  ports: UsePorts,
  build: ResultOwner,
  step: Pick<PlanStep, 'id' | 'key' | 'scope'>,
  found: ResultRecord,
  use: 'hit' | 'made',
): Promise<boolean> {
  const scope = scopeIn(build, step);
  const now = ports.clock.now();
  const [isThere] = await Promise.all([
    isRecent(lastUseOf(found), now) || noteResult(ports.table, scope, step.key, now, use),
    ...(scope === 'shared' ? [noteSharedUse(ports.table, build, step, now, use)] : []),
  ]);
  return isThere;
}

async function noteResult(table: Table, scope: string, key: string, now: Date, use: 'hit' | 'made'): Promise<boolean> {
  for (;;) {
    const record = await table.get(resultKey(scope, key));
    if (record === undefined) return false;
    const result = resultRecordSchema.parse(record.data);
    if (isRecent(lastUseOf(result), now)) return true;
    const used: ResultRecord = { ...result, lastUsedAt: now.toISOString(), hits: (result.hits ?? 0) + hitsOf(use) };
    try {
      await table.transact([resultWrite(scope, used, record.version)]);
      return true;
    } catch (error) {
      // Another build noted it, or it was dropped: look again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

async function noteSharedUse(
  table: Table,
  build: Pick<BuildRecord, 'id' | 'tenantId'>,
  step: Pick<PlanStep, 'id' | 'key'>,
  now: Date,
  use: 'hit' | 'made',
): Promise<void> {
  const key = sharedUseKey(build.tenantId, step.key);
  const record = await table.get(key);
  const before = record === undefined ? undefined : sharedUseSchema.parse(record.data);
  if (before !== undefined && isRecent(before.lastUsedAt, now)) return;
  const lastUsedAt = now.toISOString();
  const hits = (before?.hits ?? 0) + hitsOf(use);
  const used: SharedUse = { key: step.key, step: step.id, buildId: build.id, lastUsedAt, hits };
  try {
    await table.transact([
      {
        kind: 'put',
        key,
        data: used,
        indexes: { byTenant: cacheIndex(build.tenantId, lastUsedAt, step.key) },
        expiresAt: Math.floor(now.getTime() / 1_000) + rememberedDays * 86_400,
        condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
      },
    ]);
  } catch (error) {
    // Another build of the tenant noted it at the same time: that one serves as well.
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

function hitsOf(use: 'hit' | 'made'): number {
  return use === 'hit' ? 1 : 0;
}

function isRecent(at: string, now: Date): boolean {
  return now.getTime() - Date.parse(at) < noteMilliseconds;
}
