import type { BuildRecord } from '../builds/build-record.ts';
import type { PlanEstimate } from '../plan/estimate.ts';
import type { Plan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { needRoom, untilCounted } from './admission.ts';
import { type Lease, leaseWrites, readLease, type Share, type StoredLease, share } from './lease.ts';
import { isCounted, type OwnerQuotas, type QuotaPorts, readQuotas } from './owner-quotas.ts';
import { periodOf } from './periods.ts';
import { leasePlace } from './places.ts';
import type { LeasedQuota } from './tiers.ts';
import { warningWrites } from './warning.ts';

/** What a build will use by its plan, as far as that can be told before it runs. */
export interface PlannedUse {
  /** Whole minutes of its builders. */
  readonly buildMinutesPerMonth: number;
  /** 1 where it makes artifacts. */
  readonly images: 0 | 1;
  /** Bytes of its artifacts. */
  readonly storedBytes: number;
}

/**
 * What a plan will use. Minutes are of the builders of stages that have something to do, together, rounded up: two that
 * work side by side for a minute are two. A verification keeps no image.
 */
export function plannedUse(
  build: Pick<BuildRecord, 'purpose'>,
  plan: Pick<Plan, 'stages' | 'artifacts'>,
  estimate: Pick<PlanEstimate, 'total' | 'steps' | 'schedule'>,
): PlannedUse {
  const runs = plan.stages.filter(({ steps }) => steps.some((id) => estimate.steps.get(id)?.seconds.from !== 'cache'));
  const seconds = runs.reduce((sum, { id }) => sum + (estimate.schedule.stageSeconds.get(id) ?? 0), 0);
  const keeps = build.purpose !== 'verify' && plan.artifacts.length > 0;
  return {
    buildMinutesPerMonth: Math.ceil(seconds / 60),
    images: keeps ? 1 : 0,
    storedBytes: keeps ? Math.ceil(estimate.total.bytes) : 0,
  };
}

const planned = ['buildMinutesPerMonth', 'images', 'storedBytes'] as const satisfies readonly LeasedQuota[];

/**
 * Reserves what a plan will use, before its build may be queued; once, however often it is asked for.
 * @throws EngineError quota.exceeded
 */
export async function reservePlanned(
  ports: QuotaPorts & { readonly clock: Clock; readonly ids: Ids },
  build: BuildRecord,
  use: PlannedUse,
): Promise<void> {
  if (!isCounted(build)) return;
  await untilCounted(0, async () => {
    const owners = await readQuotas(ports, build);
    const leases = await Promise.all(owners.map(({ owner }) => ports.table.get(leasePlace(owner, build.id))));
    const now = ports.clock.now();
    const due = owners.flatMap((owner, place) => {
      const record = leases[place];
      const stored = record === undefined ? undefined : readLease(record);
      // Reserved before, or over already; a build of before there were leases has none.
      return stored?.lease.state === 'admitted' ? [{ owner, stored }] : [];
    });
    for (const quota of planned) {
      if (use[quota] > 0)
        needRoom(
          due.map(({ owner }) => owner),
          quota,
          use[quota],
          now,
        );
    }
    const writes = due.flatMap(({ owner, stored }) => {
      const shares = plannedShares(owner, use, now);
      return [...reserve(owner, stored, shares, now), ...warningWrites(ports, build, owner, shares)];
    });
    if (writes.length > 0) await ports.table.transact(writes);
  });
}

function plannedShares(owner: OwnerQuotas, use: PlannedUse, now: Date): Share[] {
  return planned.flatMap((quota) => share(quota, periodOf(quota, now, owner.anchorDay).id, use[quota]));
}

function reserve(owner: OwnerQuotas, stored: StoredLease, shares: readonly Share[], now: Date) {
  const month = periodOf('buildMinutesPerMonth', now, owner.anchorDay).id;
  const lease: Lease = { ...stored.lease, state: 'planned', month, shares: [...stored.lease.shares, ...shares] };
  return leaseWrites(owner.owner, stored, lease, owner.limits);
}
