import type { AttemptRecord, BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { keptArtifacts } from '../builds/published-artifacts.ts';
import { listAttempts } from '../builds/stage-repository.ts';
import { errorCatalogue } from '../error-catalogue.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { untilCounted } from './admission.ts';
import { type Lease, leaseWrites, readLease, type Share, type StoredLease, share } from './lease.ts';
import { dayOf } from './periods.ts';
import { leasePlace, type Owner, ownersOf } from './places.ts';

/** What a build came to, as far as quotas go. */
export interface UsedByBuild {
  readonly minutes: number;
  readonly images: 0 | 1;
  readonly bytes: number;
}

/**
 * Counts what a build that is over came to in place of what was reserved for it: once, however often it is told, by
 * events or by the sweeper. What it used is counted as it is, be it more than a limit.
 * @returns whether there was anything to settle
 */
export async function settleLeases(table: Table, buildId: string): Promise<boolean> {
  const build = (await findBuild(table, buildId))?.value;
  if (build === undefined || !isTerminal(build.state)) return false;
  let used: UsedByBuild | undefined;
  return changeLeases(table, build, async ({ lease }) => {
    if (lease.state === 'settled') return undefined;
    used ??= await usedBy(table, build);
    return { ...lease, state: 'settled', shares: settledShares(lease, build, used) };
  });
}

/** Gives back what a build's artifacts take of the quotas, once: for who deletes them, when they are gone. */
export async function releaseStored(table: Table, buildId: string): Promise<boolean> {
  const build = (await findBuild(table, buildId))?.value;
  if (build === undefined) return false;
  return changeLeases(table, build, async ({ lease }) => withoutStored(lease));
}

/**
 * The writes that give back what a build's artifacts take of the quotas, for the transaction of who removes them. They
 * fail where a lease has changed since it was read.
 */
export async function releaseWrites(table: Table, build: BuildRecord): Promise<readonly TableWrite[]> {
  const writes = await Promise.all(
    ownersOf(build).map(async (owner) => {
      const record = await table.get(leasePlace(owner, build.id));
      const stored = record === undefined ? undefined : readLease(record);
      const after = stored === undefined ? undefined : withoutStored(stored.lease);
      return stored === undefined || after === undefined ? [] : leaseWrites(owner, stored, after);
    }),
  );
  return writes.flat();
}

/** A lease without what is stored; undefined where it has nothing of that. */
function withoutStored(lease: Lease): Lease | undefined {
  const shares = lease.shares.filter(({ quota }) => quota !== 'images' && quota !== 'storedBytes');
  return shares.length === lease.shares.length ? undefined : { ...lease, shares };
}

/** Changes the leases of a build, each with its counters in a transaction of its own. */
async function changeLeases(
  table: Table,
  build: BuildRecord,
  change: (stored: StoredLease) => Promise<Lease | undefined>,
): Promise<boolean> {
  let changed = false;
  for (const owner of ownersOf(build)) changed = (await changeLease(table, owner, build.id, change)) || changed;
  return changed;
}

async function changeLease(
  table: Table,
  owner: Owner,
  buildId: string,
  change: (stored: StoredLease) => Promise<Lease | undefined>,
): Promise<boolean> {
  let changed = false;
  await untilCounted(0, async () => {
    const record = await table.get(leasePlace(owner, buildId));
    const stored = record === undefined ? undefined : readLease(record);
    const after = stored === undefined ? undefined : await change(stored);
    changed = after !== undefined;
    if (after !== undefined) await table.transact(leaseWrites(owner, stored, after));
  });
  return changed;
}

async function usedBy(table: Table, build: BuildRecord): Promise<UsedByBuild> {
  const [attempts, artifacts] = await Promise.all([
    build.startedAt === undefined ? [] : listAttempts(table, build.id),
    build.purpose === undefined ? keptArtifacts(table, build) : [],
  ]);
  return {
    minutes: builderMinutes(
      attempts.map(({ value }) => value),
      build.endedAt,
    ),
    images: artifacts.length > 0 ? 1 : 0,
    bytes: artifacts.reduce((sum, { size }) => sum + size, 0),
  };
}

/**
 * Whole minutes of a build's builders together, rounded up, by the engine's own clock and not by what builders tell.
 * What the infrastructure took back is the service's cost.
 * @param endedAt of the build: no attempt outlives it
 */
export function builderMinutes(
  attempts: readonly Pick<AttemptRecord, 'preparedAt' | 'endedAt' | 'ending'>[],
  endedAt: string | undefined,
): number {
  const milliseconds = attempts
    .filter(({ ending }) => ending !== 'infrastructure')
    .reduce((sum, { preparedAt, endedAt: own }) => {
      return sum + Math.max(0, Date.parse(own ?? endedAt ?? preparedAt) - Date.parse(preparedAt));
    }, 0);
  return Math.ceil(milliseconds / 60_000);
}

/**
 * What a lease holds once its build is over. A build that failed counts as a failed one of the day on which it ended,
 * and no longer among the builds of its day; one that failed by no fault of the tenant's counts as neither.
 */
export function settledShares(
  lease: Pick<Lease, 'shares' | 'month'>,
  build: Pick<BuildRecord, 'state' | 'failure' | 'endedAt'>,
  used: UsedByBuild,
): Share[] {
  const failed = build.state === 'failed';
  const endedOn = build.endedAt === undefined ? undefined : dayOf(new Date(build.endedAt)).id;
  return [
    ...(failed ? [] : lease.shares.filter(({ quota }) => quota === 'buildsPerDay')),
    ...(failed && endedOn !== undefined && !isServiceFault(build.failure?.code)
      ? share('failedBuildsPerDay', endedOn, 1)
      : []),
    ...(lease.month === undefined ? [] : share('buildMinutesPerMonth', lease.month, used.minutes)),
    ...share('images', 'all', used.images),
    ...share('storedBytes', 'all', used.bytes),
  ];
}

/** Failures of status 500 and above that a tenant's own code can bring about. */
const canBeCaused: ReadonlySet<string> = new Set(['builder.lost', 'builder.result_invalid']);

/** Whether a build failed by a fault that is not its tenant's: the service's, the archive's, one that nobody knows. */
function isServiceFault(code: string | undefined): boolean {
  const known = Object.entries(errorCatalogue).find(([name]) => name === code)?.[1];
  if (known === undefined) return true;
  return known.status >= 500 && !canBeCaused.has(code ?? '');
}
