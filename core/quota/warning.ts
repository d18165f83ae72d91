import type { BuildRecord } from '../builds/build-record.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type TableWrite } from '../ports/table.ts';
import type { Share } from './lease.ts';
import { isCounted, type OwnerQuotas, type QuotaPorts, readQuotas, usedOf } from './owner-quotas.ts';
import { monthOf, type Period, periodOf } from './periods.ts';
import { warnedName, warnedPlace } from './places.ts';
import { type LeasedQuota, leasedQuotas } from './tiers.ts';

interface WarningPorts {
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Fifths of a limit from which on its owner is warned. */
const warnedFrom = 4;

/** Milliseconds that the mark of a warning outlives its period: clocks differ. */
const keptAfter = 86_400_000;

/**
 * What warns an owner whose use has come to four fifths of a limit, once a period: a mark and an event, for the
 * transaction that takes so much more. Where somebody else warns at the same time that transaction fails.
 * @param taken what is taken beside what the owner was read to use
 */
export function warningWrites(
  ports: WarningPorts,
  build: Pick<BuildRecord, 'tenantId' | 'teamId'>,
  owner: OwnerQuotas,
  taken: Iterable<Share>,
): TableWrite[] {
  const now = ports.clock.now();
  return [...taken].flatMap(({ quota, amount }) => warn(ports, build, owner, quota, amount, now));
}

/**
 * Warns those whose quotas a build used, where nobody did: what it came to may be more than was reserved, and of two
 * builds at once neither may have seen what both took. Safe to repeat.
 */
export async function warnOwners(
  ports: QuotaPorts & WarningPorts,
  build: Pick<BuildRecord, 'tenantId' | 'teamId' | 'purpose'>,
): Promise<void> {
  if (!isCounted(build)) return;
  const now = ports.clock.now();
  for (const owner of await readQuotas(ports, build)) {
    for (const quota of leasedQuotas) {
      const writes = warn(ports, build, owner, quota, 0, now);
      if (writes.length === 0) continue;
      try {
        await ports.table.transact(writes);
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
      }
    }
  }
}

function warn(
  ports: WarningPorts,
  { tenantId, teamId }: Pick<BuildRecord, 'tenantId' | 'teamId'>,
  owner: OwnerQuotas,
  quota: LeasedQuota,
  amount: number,
  now: Date,
): TableWrite[] {
  const limit = owner.limits[quota] ?? 0;
  const period = periodOf(quota, now, owner.anchorDay);
  const used = usedOf(owner, quota, period) + amount;
  if (limit === 0 || used * 5 < limit * warnedFrom) return [];
  const told = toldIn(period, now, owner.anchorDay);
  if (owner.warned.has(warnedName(quota, told.id))) return [];
  const { end = now } = told;
  return [
    {
      ...{ kind: 'put', key: warnedPlace(owner.owner, quota, told.id), data: { at: now.toISOString() } },
      ...{ condition: { kind: 'absent' }, expiresAt: Math.ceil((end.getTime() + keptAfter) / 1_000) },
    },
    outboxWrite(ports, 'quota.warning', tenantId, {
      ...{ quota, of: owner.kind, period: period.id, used, limit },
      ...(owner.kind === 'team' ? { teamId } : {}),
      ...(period.end === undefined ? {} : { freesAt: period.end.toISOString() }),
    }),
  ];
}

/** In which period one warning is told: of what never frees with time, in a month. */
const toldIn = (period: Period, now: Date, anchorDay: number): Period =>
  period.end === undefined ? monthOf(now, anchorDay) : period;
