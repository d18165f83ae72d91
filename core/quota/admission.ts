import type { BuildRecord } from '../builds/build-record.ts';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type TableWrite } from '../ports/table.ts';
import { exceeded } from './exceeded.ts';
import { type Lease, leaseWrites, share } from './lease.ts';
import { isCounted, type OwnerQuotas, type QuotaPorts, readQuotas } from './owner-quotas.ts';
import { periodOf } from './periods.ts';
import type { QuotaName } from './tiers.ts';
import { warningWrites } from './warning.ts';

type AdmissionPorts = QuotaPorts & { readonly clock: Clock; readonly ids: Ids };

/** Times that a change is tried whose counters said there was room, and had none when it was written. */
const mostTries = 20;

/**
 * What a build that is submitted needs room for. Of what its plan will need more is asked when there is one (gate.ts):
 * here only whether there is anything left at all.
 */
const needed: readonly (readonly [QuotaName, number])[] = [
  ['buildsPerDay', 1],
  ['failedBuildsPerDay', 1],
  ['buildMinutesPerMonth', 1],
  ['images', 1],
  ['storedBytes', 1],
];
/** The same of a build that stores no image: it makes again what another made. */
const neededToVerify = needed.filter(([quota]) => quota !== 'images' && quota !== 'storedBytes');

/**
 * Stores a new build together with the leases that count it: all of it or nothing.
 * @param writes what stores the build
 * @throws EngineError quota.exceeded; ConditionFailed of `writes`
 */
export async function storeCounted(
  ports: AdmissionPorts,
  build: BuildRecord,
  writes: readonly TableWrite[],
): Promise<void> {
  if (!isCounted(build)) return ports.table.transact(writes);
  await untilCounted(writes.length, async () => {
    const now = ports.clock.now();
    const owners = await readQuotas(ports, build);
    for (const [quota, amount] of build.purpose === 'verify' ? neededToVerify : needed)
      needRoom(owners, quota, amount, now);
    await ports.table.transact([...writes, ...owners.flatMap((owner) => admit(ports, owner, build, now))]);
  });
}

function admit(ports: AdmissionPorts, owner: OwnerQuotas, build: BuildRecord, now: Date): TableWrite[] {
  const lease: Lease = {
    ...{ buildId: build.id, owner: owner.owner, state: 'admitted', at: now.toISOString() },
    ...(owner.kind === 'tenant' && build.teamId !== undefined ? { teamId: build.teamId } : {}),
    shares: share('buildsPerDay', periodOf('buildsPerDay', now, owner.anchorDay).id, 1),
  };
  return [
    ...leaseWrites(owner.owner, undefined, lease, owner.limits),
    ...warningWrites(ports, build, owner, lease.shares),
  ];
}

/** @throws EngineError quota.exceeded where one of them has no room for so much more */
export function needRoom(owners: readonly OwnerQuotas[], quota: QuotaName, amount: number, now: Date): void {
  for (const owner of owners) {
    const error = exceeded(owner, quota, amount, now);
    if (error !== undefined) throw error;
  }
}

/**
 * Tries a transaction again where only a counter or a lease of it was in the way: somebody else took the room, or gave
 * some back, between look and write, and the next look says whether any is left.
 * @param own writes at its begin that are not of quotas
 */
export async function untilCounted(own: number, attempt: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ConditionFailed) || error.failed.some((position) => position < own)) throw error;
    }
  }
  throw new EngineError('service.unavailable', 'Others use the same quotas all the time.');
}
