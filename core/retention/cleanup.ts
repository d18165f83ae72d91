import { lookForResults } from '../cache/evict.ts';
import { EngineError } from '../errors.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { lookForUploads } from '../uploads/sweep.ts';
import { type CleanupEntry, type CleanupRecord, storeReport, type TaskCounts } from './cleanup-record.ts';
import { lookForExpired } from './expired-images.ts';
import {
  type CleanupPorts,
  type CleanupTask,
  type Finding,
  installationTasks,
  type Look,
  type LookContext,
  tenantTasks,
} from './finding.ts';
import { indexTenant } from './index-tenant.ts';
import { lookForObjects, lookForStaging } from './orphans.ts';
import { cleanupPositionPlace, installationOwner } from './places.ts';
import { lookForPurgeable } from './purge.ts';
import { lookForBuilders, lookForKeys, lookForStuckBuilds } from './stuck.ts';

/** What one task finds at most at one time: removed within a Lambda's 15 minutes, and the next run goes on. */
const mostFound = 500;

/** Milliseconds after which a scheduled run begins with no more tenants: half of what a Lambda has. */
const tenantsWithin = 450_000;
const tenantsAtOnce = 50;

/** Text of an error that a report holds. */
const errorLength = 300;

/** How each task looks. Of the first two it is a tenant's alone. */
function lookFor(ports: CleanupPorts, task: CleanupTask, context: LookContext): Promise<Look> {
  switch (task) {
    case 'images':
      return context.tenantId === undefined
        ? Promise.reject(new Error('policies are a tenant’s'))
        : lookForExpired(ports, context.tenantId, context);
    case 'trash':
      return lookForPurgeable(ports, context);
    case 'objects':
      return lookForObjects(ports, context);
    case 'staging':
      return lookForStaging(ports, context);
    case 'uploads':
      return lookForUploads(ports, context);
    case 'keys':
      return lookForKeys(ports, context);
    case 'builds':
      return lookForStuckBuilds(ports, context);
    case 'builders':
      return lookForBuilders(ports, context);
    case 'cache':
      return lookForResults(ports, context);
  }
}

/** What one task came to; without a look it could not look. */
interface Done<L> {
  readonly counts: TaskCounts;
  readonly entries: readonly CleanupEntry[];
  readonly gone: ReadonlySet<Finding>;
  readonly look?: L;
}

/**
 * Does one task: looks, and unless it is a dry run removes what was found. Both find the same, since finding changes
 * nothing and all is found before the first of it goes. A removal that fails is told, and the next goes on.
 */
export async function doTask<L extends Look = Look>(
  ports: CleanupPorts,
  task: CleanupTask,
  { dryRun, ...context }: LookContext & { readonly dryRun: boolean },
): Promise<Done<L>> {
  const entries: CleanupEntry[] = [];
  const gone = new Set<Finding>();
  let look: Look;
  try {
    look = await lookFor(ports, task, context);
  } catch (error) {
    const counts = { task, found: 0, removed: 0, bytes: 0, failed: 1, more: true, error: textOf(error) };
    return { counts, entries, gone };
  }
  const { findings, more = false } = look;
  if (!dryRun) for (const chore of look.chores ?? []) await chore();
  let failed = 0;
  let bytes = 0;
  for (const finding of findings) {
    const { what, tenantId, why } = finding;
    const entry = {
      ...{ task, what, why: [...why] },
      ...(tenantId === undefined ? {} : { tenant: tenantId }),
      ...(finding.bytes === undefined ? {} : { bytes: finding.bytes }),
    };
    try {
      const outcome = dryRun ? 'found' : (await finding.remove()) ? 'removed' : 'changed';
      entries.push({ ...entry, outcome });
      if (outcome === 'removed') gone.add(finding);
      if (outcome !== 'changed') bytes += finding.bytes ?? 0;
    } catch (error) {
      failed += 1;
      entries.push({ ...entry, outcome: 'failed', error: textOf(error) });
    }
  }
  const counts = { task, found: findings.length, removed: gone.size, bytes, failed, more };
  return { counts, entries, gone, look: look as L };
}

function textOf(error: unknown): string {
  // What is not one of the engine's own errors may hold what is not for readers of a report.
  return error instanceof EngineError ? `${error.code}: ${error.detail}`.slice(0, errorLength) : 'internal.error';
}

/**
 * Does what a cleanup is to do, and writes its report. What walks through a store or all tenants goes on where the run
 * before stopped; a dry run looks from there too, and leaves it so. Safe to repeat, and to be cut short.
 * @param reportsNothing whether a report is written where nothing was found
 */
export async function runCleanup(
  ports: CleanupPorts,
  record: CleanupRecord,
  reportsNothing = true,
): Promise<CleanupRecord | undefined> {
  const startedAt = ports.clock.now();
  const { owner, tasks, dryRun } = record;
  const isOfAll = owner === installationOwner;
  const counts: TaskCounts[] = [];
  const entries: CleanupEntry[] = [];
  if (!isOfAll && !dryRun) await indexTenant(ports.table, owner);
  for (const task of tasks) {
    const place = cleanupPositionPlace(task);
    const stored = isOfAll ? await ports.table.get(place) : undefined;
    const position = typeof stored?.data.at === 'string' ? stored.data.at : undefined;
    const done = await doTask(ports, task, {
      ...{ now: startedAt, most: mostFound, dryRun },
      ...(isOfAll ? {} : { tenantId: owner }),
      ...(position === undefined ? {} : { position }),
    });
    if (!dryRun) await done.look?.finish?.(done.gone);
    counts.push(done.counts);
    entries.push(...done.entries);
    // Where it could not look it begins anew: the store may no longer take the position.
    const next = done.look?.position;
    if (isOfAll && !dryRun && position !== next) {
      const data = next === undefined ? {} : { at: next };
      await ports.table.transact([{ kind: 'put', key: place, data }]);
    }
  }
  const found = counts.some((count) => count.found > 0 || count.failed > 0);
  return found || reportsNothing ? storeReport(ports, record, { counts, entries, startedAt }) : undefined;
}

/** A cleanup that nobody asked for. */
export function scheduledCleanup(ports: CleanupPorts, owner: string, tasks: readonly CleanupTask[]): CleanupRecord {
  const requestedAt = ports.clock.now().toISOString();
  return {
    ...{ id: ports.ids.next('cln'), owner, tasks: [...tasks], dryRun: false, state: 'requested', requestedAt },
    ...{ counts: [], listed: 0 },
  };
}

/** What the hourly run does for the installation; what else there is has a schedule of its own. */
const hourly = installationTasks.filter((task) => task !== 'cache' && task !== 'builders' && task !== 'uploads');

/**
 * Cleans up on a schedule: the installation, then tenants one after another, going on where the run before stopped.
 * @returns how many tenants were looked at
 */
export async function cleanOnSchedule(ports: CleanupPorts): Promise<number> {
  await runCleanup(ports, scheduledCleanup(ports, installationOwner, hourly));
  const place = cleanupPositionPlace('tenants');
  const began = ports.clock.now().getTime();
  const stored = await ports.table.get(place);
  let cursor = typeof stored?.data.at === 'string' ? stored.data.at : undefined;
  let tenants = 0;
  do {
    const page = await listTenants(ports.table, {
      limit: tenantsAtOnce,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { tenantId } of page.tenants) {
      await runCleanup(ports, scheduledCleanup(ports, tenantId, tenantTasks), false);
      tenants += 1;
    }
    cursor = page.cursor;
    await ports.table.transact([{ kind: 'put', key: place, data: cursor === undefined ? {} : { at: cursor } }]);
  } while (cursor !== undefined && ports.clock.now().getTime() - began < tenantsWithin);
  return tenants;
}
