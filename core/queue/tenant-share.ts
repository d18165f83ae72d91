import { z } from 'zod';
import { type Actor, auditWrite } from '../audit/entry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { needTenant } from '../tenancy/tenant.ts';
import { waitingBuilds } from './places-in-queue.ts';
import { tenantWeight, weightSchema } from './share-repository.ts';
import { runningBuilds } from './slots.ts';

/** A tenant's share of the slots, as the operator sees it. */
export const tenantShareSchema = z
  .strictObject({
    tenantId: z.string(),
    weight: weightSchema,
    waiting: z.number().int().describe('Its builds that wait, from their submission on.'),
    running: z.number().int().describe('Its builds that run now.'),
  })
  .meta({ id: 'TenantShare' });
export type TenantShareView = z.infer<typeof tenantShareSchema>;

/** @throws EngineError tenant.not_found */
export async function readTenantShare(table: Table, tenantId: string): Promise<TenantShareView> {
  await needTenant(table, tenantId);
  const [{ weight }, waiting, running] = await Promise.all([
    tenantWeight(table, tenantId),
    waitingBuilds(table, tenantId),
    runningBuilds(table, tenantId),
  ]);
  return { tenantId, weight, waiting, running };
}

/**
 * Gives a tenant another weight, from its next build on.
 * @param actor the operator, in whose tenant's log it is written down
 * @throws EngineError tenant.not_found
 */
export async function setTenantShare(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  actor: Actor,
  tenantId: string,
  weight: number,
): Promise<TenantShareView> {
  await needTenant(ports.table, tenantId);
  for (;;) {
    const stored = await tenantWeight(ports.table, tenantId);
    const detail = { weight, before: stored.weight };
    try {
      await ports.table.transact([
        stored.write(weight),
        auditWrite(ports, actor, { action: 'tenant.share_set', target: tenantId, detail }),
      ]);
      return await readTenantShare(ports.table, tenantId);
    } catch (error) {
      // A build of the tenant's started or ended between.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
