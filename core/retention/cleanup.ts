import { lookForResults } from '../cache/evict.ts';
import { EngineError } from '../errors.ts';
import { lookForUploads } from '../uploads/sweep.ts';
import { type CleanupEntry, type CleanupRecord, storeReport, type TaskCounts } from './cleanup-record.ts';
import { lookForExpired } from './expired-images.ts';
import type { CleanupPorts, CleanupTask, Look, LookContext } from './finding.ts';
import { indexTenant } from './index-tenant.ts';
import { lookForObjects, lookForStaging } from './orphans.ts';
import { cleanupPositionPlace, installationOwner } from './places.ts';
import { lookForPurgeable } from './purge.ts';
import { lookForBuilders, lookForKeys, lookForStuckBuilds } from './stuck.ts';
import { doTask, throwAll } from './task.ts';

/** What one task finds at most at one time; the next run goes on. */
const mostFound = 500;
/** Of the trash of all tenants at once. */
const mostTrash = 2_000;

/**
 * Milliseconds after which a call of a function that may take 15 minutes begins with no further removal: a removal that
 * is cut short keeps its bytes from everybody for a while, and must not be how a call usually ends.
 */
export const removesWithin = 720_000;

/** Milliseconds that one run gives to writing down what a tenant has from before. */
const indexesWithin = 180_000;

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

export interface RunOptions {
  /** When it begins with no further removal; else 12 minutes after it began. */
  readonly until?: Date;
  /** Whether a report is written where nothing was found. */
  readonly reportsNothing?: boolean;
}

/**
 * Does what a cleanup is to do, and writes its report. What walks through a store or all tenants goes on where the run
 * before stopped; a dry run looks from there too, and leaves it so. Safe to repeat, and to be cut short.
 * @throws AggregateError where something failed that nobody foresaw, after all the rest was done and told
 */
export async function runCleanup(
  ports: CleanupPorts,
  record: CleanupRecord,
  { until, reportsNothing = true }: RunOptions = {},
): Promise<CleanupRecord | undefined> {
  const startedAt = ports.clock.now();
  const end = until ?? new Date(startedAt.getTime() + removesWithin);
  const counts: TaskCounts[] = [];
  const entries: CleanupEntry[] = [];
  const errors: unknown[] = [];
  const isKnown = record.owner === installationOwner || (await indexed(ports, record.owner, errors));
  if (!isKnown && !reportsNothing) {
    throwAll(errors);
    return undefined;
  }
  for (const [at, task] of record.tasks.entries()) {
    try {
      const done = await runTask(ports, record, task, {
        ...{ isKnown, startedAt, end, left: record.tasks.length - at },
      });
      counts.push(done.counts);
      entries.push(...done.entries);
      errors.push(...done.errors);
    } catch (error) {
      counts.push({ task, found: 0, removed: 0, bytes: 0, failed: 1, more: true, error: 'internal.error' });
      errors.push(error);
    }
  }
  const found = counts.some((count) => count.found > 0 || count.failed > 0);
  const report = found || reportsNothing ? await storeReport(ports, record, { counts, entries, startedAt }) : undefined;
  throwAll(errors);
  return report;
}

async function runTask(
  ports: CleanupPorts,
  { owner, dryRun }: CleanupRecord,
  task: CleanupTask,
  time: { readonly isKnown: boolean; readonly startedAt: Date; readonly end: Date; readonly left: number },
) {
  const isOfAll = owner === installationOwner;
  const place = cleanupPositionPlace(task);
  const stored = isOfAll ? await ports.table.get(place) : undefined;
  const position = typeof stored?.data.at === 'string' ? stored.data.at : undefined;
  const context: LookContext = {
    ...{ now: time.startedAt, most: isOfAll && task === 'trash' ? mostTrash : mostFound },
    ...(isOfAll ? {} : { tenantId: owner }),
    ...(position === undefined ? {} : { position }),
  };
  const look = () => (time.isKnown ? lookFor(ports, task, context) : Promise.reject(notKnown()));
  const done = await doTask(ports, task, look, {
    dryRun,
    // Of what is left of the time each task that is left has its share, so that none keeps the next from its own.
    until() {
      const now = ports.clock.now().getTime();
      return new Date(now + Math.max(0, time.end.getTime() - now) / time.left);
    },
  });
  if (dryRun) return done;
  const errors = [...done.errors];
  await done.look?.finish?.(done.gone).catch((error: unknown) => errors.push(error));
  // Where it could not look it begins anew: the store may no longer take the position.
  const next = done.cut ? position : done.look?.position;
  if (isOfAll && position !== next) {
    const data = next === undefined ? {} : { at: next };
    await ports.table.transact([{ kind: 'put', key: place, data }]).catch((error: unknown) => errors.push(error));
  }
  return { ...done, errors };
}

/**
 * Has all that a tenant has from before written down, as far as the time allows: only then is what is found what a run
 * removes, and is nothing removed that something of before needs. It removes nothing, so that a dry run does it too.
 */
async function indexed({ table, clock }: CleanupPorts, tenantId: string, errors: unknown[]): Promise<boolean> {
  const began = clock.now().getTime();
  try {
    let state = await indexTenant(table, tenantId);
    while (state === 'more' && clock.now().getTime() - began < indexesWithin) {
      state = await indexTenant(table, tenantId);
    }
    return state === 'done';
  } catch (error) {
    errors.push(error);
    return false;
  }
}

function notKnown(): EngineError {
  return new EngineError('retention.indexing', 'Not all that the tenant has stored is written down yet.');
}

/** A cleanup that nobody asked for. */
export function scheduledCleanup(ports: CleanupPorts, owner: string, tasks: readonly CleanupTask[]): CleanupRecord {
  const requestedAt = ports.clock.now().toISOString();
  return {
    ...{ id: ports.ids.next('cln'), owner, tasks: [...tasks], dryRun: false, state: 'requested', requestedAt },
    ...{ counts: [], listed: 0 },
  };
}
