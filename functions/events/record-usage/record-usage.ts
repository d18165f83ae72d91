import { tellOwners } from '../../../core/billing/budget-watch.ts';
import { sweepBilling } from '../../../core/billing/sweep.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { buildOf } from '../../../core/events/subject.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/**
 * Looks at the budgets that a build has just used something of: what it used is recorded already, with the end of each
 * attempt. On a schedule's tick it does the rest of billing: see core/billing/sweep.ts. Safe to repeat.
 */
export async function handle(ports: Pick<Ports, 'table' | 'clock' | 'ids'>, input: unknown): Promise<JsonValue> {
  const buildId = buildOf(input);
  if (buildId === undefined) return toJsonObject(await sweepBilling(ports));
  const build = (await findBuild(ports.table, buildId))?.value;
  if (build === undefined) return { told: 0 };
  const { tenantId, teamId } = build;
  const owners = [{ tenantId }, ...(teamId === undefined ? [] : [{ tenantId, teamId }])];
  return { told: await tellOwners(ports, tenantId, owners) };
}
