import type { Table, TableKey, TableWrite } from '../ports/table.ts';
import type { DispatchLimits } from './dispatch-order.ts';

/** Counts the builds that run: in the whole installation, or of one tenant. */
const runningKey = (owner: string): TableKey => ({ partition: `RUNNING#${owner}`, sort: 'RUNNING' });
const counter = 'builds';
const installation = 'installation';

const countersOf = (tenantId: string): TableKey[] => [runningKey(installation), runningKey(tenantId)];

/**
 * Writes that count one more running build, for the transaction in which it becomes running: it fails where a limit is
 * reached, whoever else starts builds at the same time.
 */
export function takeSlot(tenantId: string, limits: DispatchLimits): TableWrite[] {
  const [all, own] = [limits.installation, limits.tenant];
  return countersOf(tenantId).map((key, position) => ({
    kind: 'increment',
    key,
    counter,
    by: 1,
    max: position === 0 ? all : own,
  }));
}

/** Writes that count one less, for the transaction in which a build that was counted ends. */
export function giveSlot(tenantId: string): TableWrite[] {
  return countersOf(tenantId).map((key) => ({ kind: 'increment', key, counter, by: -1, min: 0 }));
}

/** How many builds of a tenant run now. */
export async function runningBuilds(table: Table, tenantId: string): Promise<number> {
  return (await table.get(runningKey(tenantId)))?.counters[counter] ?? 0;
}

/** How many builds of a team run now. */
export async function runningBuildsOfTeam(
  table: Table,
  { tenantId, teamId }: { readonly tenantId: string; readonly teamId: string },
): Promise<number> {
  return (await table.get(runningKey(`${tenantId}#team#${teamId}`)))?.counters[counter] ?? 0;
}
