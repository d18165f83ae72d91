import type { Table } from '../ports/table.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { removesWithin, runCleanup, scheduledCleanup } from './cleanup.ts';
import type { CleanupPorts, CleanupTask } from './finding.ts';
import { cleanupPositionPlace, installationOwner } from './places.ts';
import { throwAll } from './task.ts';

/**
 * What the hourly run does for the installation; what else there is has a schedule of its own. The trash of all tenants is
 * one list, gone through once for all of them; it comes last, where it has all the time that the others left.
 */
const hourly: readonly CleanupTask[] = ['objects', 'staging', 'keys', 'builds', 'trash'];
const ofEachTenant: readonly CleanupTask[] = ['images'];

/** Milliseconds, from the beginning of all, after which the installation's part removes nothing more. */
const installationWithin = 300_000;

/** Milliseconds, from the beginning of all, after which no further tenant has its turn. */
const tenantsWithin = 600_000;

/**
 * Cleans up on a schedule: the installation, then tenants one after another, going on where the run before stopped. What
 * fails of one keeps no other from its turn.
 * @returns how many tenants were looked at
 * @throws AggregateError of what failed, after all the rest
 */
export async function cleanOnSchedule(ports: CleanupPorts): Promise<number> {
  const { table, clock } = ports;
  const began = clock.now().getTime();
  const errors: unknown[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => errors.push(error));
  };
  await attempt(() =>
    runCleanup(ports, scheduledCleanup(ports, installationOwner, hourly), {
      until: new Date(began + installationWithin),
    }),
  );
  const options = { until: new Date(began + removesWithin), reportsNothing: false };
  let tenants = 0;
  await attempt(async () => {
    for await (const tenantId of tenantsInTurn(table)) {
      await attempt(() => runCleanup(ports, scheduledCleanup(ports, tenantId, ofEachTenant), options));
      tenants += 1;
      if (clock.now().getTime() - began >= tenantsWithin) break;
    }
  });
  throwAll(errors);
  return tenants;
}

/**
 * Tenants from where the last call stopped, up to the last of them. The place is written down before each has its turn:
 * one whose turn a function does not survive must not have all others wait behind it.
 */
async function* tenantsInTurn(table: Table): AsyncGenerator<string> {
  const key = cleanupPositionPlace('tenants');
  const stored = await table.get(key);
  const save = (at: string | undefined) => table.transact([{ kind: 'put', key, data: at === undefined ? {} : { at } }]);
  let cursor = typeof stored?.data.at === 'string' ? stored.data.at : undefined;
  do {
    const page = await listTenants(table, { limit: 1, ...(cursor === undefined ? {} : { cursor }) }).catch(
      async (error: unknown) => {
        // The table may no longer take the position: the next call begins anew.
        await save(undefined);
        throw error;
      },
    );
    cursor = page.cursor;
    await save(cursor);
    for (const { tenantId } of page.tenants) yield tenantId;
  } while (cursor !== undefined);
}
