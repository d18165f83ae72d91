import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import { type Table, type TableRecord, type TableWrite, wrote } from '../ports/table.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { leaseSchema, readLease, type StoredLease, sumOf, usedCounter } from './lease.ts';
import { isOver } from './periods.ts';
import {
  countOf,
  countPlace,
  headPrefix,
  leasePlace,
  leasePrefix,
  type Owner,
  openPartitions,
  ownerOfTeam,
  settingPlace,
  sweepPlace,
} from './places.ts';
import { settleLeases } from './settlement.ts';
import { leasedQuotas } from './tiers.ts';

interface SweepPorts {
  readonly table: Table;
  readonly clock: Clock;
}

/** Tenants whose counters one run rebuilds: the next one goes on. Each is a query of all of its leases. */
const tenantsAtOnce = 50;

/** Milliseconds from the begin of one lap over all tenants to that of the next, at the least. */
const lapMilliseconds = 6 * 3_600_000;

/** Milliseconds that a lease is left alone: the build's own events come sooner. */
const grace = 300_000;

/** Records that a query reads at once. */
const pageSize = 500;

/** How far a lap over all tenants has come; without a cursor it is done. */
const tickSchema = z.strictObject({ cursor: z.string().exactOptional(), lapAt: z.iso.datetime().exactOptional() });
type Tick = z.infer<typeof tickSchema>;

/** What a run of the sweeper did. */
export interface Swept {
  readonly settled: number;
  /** Counters that were not the sum of their leases. */
  readonly mended: number;
  /** Leases and counters of periods that are over. */
  readonly removed: number;
}

/**
 * Repairs what lost events and accidents leave: ends the leases of builds that are over, and makes counters the sum of
 * their leases again, some tenants a run. All of it may be repeated, cut short, and done by two at once.
 */
export async function sweepQuotas(ports: SweepPorts): Promise<Swept> {
  const settled = await settleForgotten(ports);
  const { tenants, tick } = await dueTenants(ports);
  let [mended, removed] = [0, 0];
  for (const tenantId of tenants) {
    const did = await sweepTenant(ports, tenantId);
    mended += did.mended;
    removed += did.removed;
  }
  if (tick !== undefined) await ports.table.transact([{ kind: 'put', key: sweepPlace, data: toJsonObject(tick) }]);
  return { settled, mended, removed };
}

/** Settles the leases of builds that ended and whose events did not come. */
async function settleForgotten({ table, clock }: SweepPorts): Promise<number> {
  const before = clock.now().getTime() - grace;
  const due = new Set<string>();
  for (const partition of openPartitions) {
    for await (const record of recordsOf(table, { index: 'byState', partition })) {
      const { buildId, at } = leaseSchema.parse(record.data);
      if (Date.parse(at) < before) due.add(buildId);
    }
  }
  let settled = 0;
  for (const buildId of due) if (await settleLeases(table, buildId)) settled += 1;
  return settled;
}

/** The tenants whose turn it is, and where the next run goes on; none before the next lap is due. */
async function dueTenants({ table, clock }: SweepPorts): Promise<{ tenants: readonly string[]; tick?: Tick }> {
  const now = clock.now();
  const { cursor, lapAt } = tickSchema.parse((await table.get(sweepPlace))?.data ?? {});
  const isDue = lapAt === undefined || now.getTime() >= Date.parse(lapAt) + lapMilliseconds;
  if (cursor === undefined && !isDue) return { tenants: [] };
  const page = await listTenants(table, { limit: tenantsAtOnce, ...(cursor === undefined ? {} : { cursor }) });
  const began = cursor === undefined || lapAt === undefined ? now.toISOString() : lapAt;
  return {
    tenants: page.tenants.map(({ tenantId }) => tenantId),
    tick: { lapAt: began, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) },
  };
}

/** Rebuilds the counters of a tenant, and of the teams that its leases name. */
export async function sweepTenant(ports: SweepPorts, tenantId: string): Promise<Pick<Swept, 'mended' | 'removed'>> {
  const { teams, ...own } = await sweepOwner(ports, tenantId);
  const did = { ...own };
  for (const teamId of teams) {
    const team = await sweepOwner(ports, ownerOfTeam(tenantId, teamId));
    did.mended += team.mended;
    did.removed += team.removed;
  }
  return did;
}

/**
 * Makes the counters of an owner the sum of its leases. A counter is read before the leases and corrected only as it was
 * read then: each change of a lease changes its counters' versions, so that what came between is not overwritten; the
 * next run corrects it.
 */
async function sweepOwner({ table, clock }: SweepPorts, owner: Owner) {
  const now = clock.now();
  const counts = new Map<string, TableRecord>();
  for await (const record of recordsOf(table, { ...settingPlace(owner), sortPrefix: headPrefix })) {
    const of = countOf(record.key);
    if (of !== undefined) counts.set(`${of.quota}#${of.period}`, record);
  }
  const leases: StoredLease[] = [];
  const { partition } = leasePlace(owner, '');
  for await (const record of recordsOf(table, { partition, sortPrefix: leasePrefix })) leases.push(readLease(record));

  const sums = sumOf(leases.flatMap(({ lease }) => lease.shares));
  let [mended, removed] = [0, 0];
  for (const key of new Set([...counts.keys(), ...sums.keys()])) {
    const [name = '', period = ''] = key.split('#');
    const quota = leasedQuotas.find((known) => known === name);
    const record = counts.get(key);
    if (quota === undefined || isOver(quota, period, now)) {
      if (record !== undefined && (await wrote(table, [removal(record)]))) removed += 1;
      continue;
    }
    const by = (sums.get(key)?.amount ?? 0) - (record?.counters[usedCounter] ?? 0);
    if (by !== 0 && (await wrote(table, [correction(owner, quota, period, by, record)]))) mended += 1;
  }
  for (const { lease, version } of leases) {
    if (lease.state !== 'settled') continue;
    if (!lease.shares.every(({ quota, period }) => isOver(quota, period, now))) continue;
    const key = leasePlace(owner, lease.buildId);
    if (await wrote(table, [{ kind: 'delete', key, condition: { kind: 'version', version } }])) removed += 1;
  }
  const teams = new Set(leases.flatMap(({ lease }) => lease.teamId ?? []));
  return { mended, removed, teams };
}

function removal({ key, version }: TableRecord): TableWrite {
  return { kind: 'delete', key, condition: { kind: 'version', version } };
}

function correction(
  owner: Owner,
  quota: string,
  period: string,
  by: number,
  record: TableRecord | undefined,
): TableWrite {
  const key = countPlace(owner, quota, period);
  // A counter that somebody makes meanwhile stays as they make it.
  if (record === undefined) {
    return { kind: 'put', key, data: toJsonObject({}), counters: { [usedCounter]: by }, condition: { kind: 'absent' } };
  }
  const condition = { kind: 'version', version: record.version } as const;
  return { kind: 'increment', key, counter: usedCounter, by, condition };
}

async function* recordsOf(
  table: Table,
  query: { readonly partition: string; readonly index?: 'byState'; readonly sortPrefix?: string },
): AsyncGenerator<TableRecord> {
  const { partition, index, sortPrefix } = query;
  let cursor: string | undefined;
  do {
    const page = await table.query({
      ...{ partition, limit: pageSize },
      ...(index === undefined ? {} : { index }),
      ...(sortPrefix === undefined ? {} : { sortPrefix }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.records;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
