import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import type { Table, TableRecord } from '../ports/table.ts';
import type { Installation } from '../tenancy/installation.ts';
import { tenantPlace, tenantRecordSchema } from '../tenancy/tenant.ts';
import { usedCounter } from './lease.ts';
import type { Period } from './periods.ts';
import { countOf, headPrefix, type Owner, ownersOf, settingPlace, warningOf } from './places.ts';
import { type QuotaLimits, type QuotaName, quotaNames, type TierName, tierNames, tiers, usualTier } from './tiers.ts';

/** More than any quota can count; a double holds it exactly. */
const most = 2 ** 50;

/** Limits that differ from those of a tier; null: none. */
export const overridesSchema = z
  .partialRecord(z.enum(quotaNames), z.number().int().min(0).max(most).nullable())
  .describe('Limits in place of the tier’s, by quota; null: no limit.');
export type Overrides = z.infer<typeof overridesSchema>;

export const anchorDaySchema = z
  .number()
  .int()
  .min(1)
  .max(31)
  .describe('Day on which the month of its quotas begins, at 00:00 UTC; in a shorter month the last day.');

/** What was set for an owner; a team has no tier and no month of its own. */
export const settingSchema = z.strictObject({
  tier: z.enum(tierNames).exactOptional(),
  overrides: overridesSchema,
  anchorDay: anchorDaySchema.exactOptional(),
  changedAt: z.iso.datetime(),
});
export type QuotaSetting = z.infer<typeof settingSchema>;

/** The quotas of an owner as they stand. */
export interface OwnerQuotas {
  readonly owner: Owner;
  readonly kind: 'tenant' | 'team';
  /** Of a tenant. */
  readonly tier?: TierName;
  readonly overrides: Overrides;
  readonly limits: QuotaLimits;
  readonly anchorDay: number;
  /** Use by quota and period, `buildsPerDay#2026-11-26`. */
  readonly used: ReadonlyMap<string, number>;
  /** What it was warned of, by quota and period. */
  readonly warned: ReadonlySet<string>;
}

export interface QuotaPorts {
  readonly table: Table;
  /** Absent: nothing is limited that was not limited by name. */
  readonly installation?: Pick<Installation, 'defaultTier'>;
}

/** Whether a build is counted at all: what is built ahead serves all tenants, and is the operator's work. */
export const isCounted = (build: Pick<BuildRecord, 'purpose'>): boolean => build.purpose !== 'warm';

/** Counters of a period, warnings and setting come to some ten records; those of periods that are over go (sweep.ts). */
const headRecords = 500;

/** The quotas of a tenant, and after them those of its team where one is named. Strongly consistent. */
export async function readQuotas(
  { table, installation }: QuotaPorts,
  of: { readonly tenantId: string; readonly teamId?: string | undefined },
): Promise<readonly [OwnerQuotas, ...OwnerQuotas[]]> {
  const [tenant, ...heads] = await Promise.all([
    table.get(tenantPlace(of.tenantId)),
    ...ownersOf(of).map((owner) => readHead(table, owner)),
  ]);
  const [first, ...rest] = heads;
  if (first === undefined) throw new Error('a tenant has a head');
  const tier = first.setting?.tier ?? installation?.defaultTier ?? usualTier;
  const anchorDay = first.setting?.anchorDay ?? usualAnchor(tenant);
  return [
    { ...ownerQuotas(first, tiers[tier]), kind: 'tenant', tier, anchorDay },
    ...rest.map((head) => ({ ...ownerQuotas(head, {}), kind: 'team' as const, anchorDay })),
  ];
}

/** What was set for an owner; undefined where nothing was. */
export async function readSetting(
  table: Table,
  owner: Owner,
): Promise<{ readonly setting: QuotaSetting; readonly version: number } | undefined> {
  const record = await table.get(settingPlace(owner));
  return record === undefined ? undefined : { setting: settingSchema.parse(record.data), version: record.version };
}

/**
 * The limits of a tenant by its tier and what was set for it, for who asks for many tenants: the dispatcher asks for
 * `concurrentBuilds`, which the installation's own cap bounds too.
 */
export async function tenantLimits({ table, installation }: QuotaPorts, tenantId: string): Promise<QuotaLimits> {
  const setting = (await readSetting(table, tenantId))?.setting;
  return limitsOf(tiers[setting?.tier ?? installation?.defaultTier ?? usualTier], setting?.overrides ?? {});
}

/** What is used of a quota in a period. A counter that drifted below nothing is mended by the sweeper. */
export function usedOf({ used }: Pick<OwnerQuotas, 'used'>, quota: QuotaName, period: Period): number {
  return Math.max(0, used.get(`${quota}#${period.id}`) ?? 0);
}

interface Head {
  readonly owner: Owner;
  readonly setting: QuotaSetting | undefined;
  readonly used: ReadonlyMap<string, number>;
  readonly warned: ReadonlySet<string>;
}

async function readHead(table: Table, owner: Owner): Promise<Head> {
  const { partition, sort } = settingPlace(owner);
  const { records } = await table.query({ partition, sortPrefix: headPrefix, limit: headRecords });
  const setting = records.find(({ key }) => key.sort === sort);
  const counts = records.flatMap((record) => {
    const of = countOf(record.key);
    return of === undefined ? [] : [[`${of.quota}#${of.period}`, record.counters[usedCounter] ?? 0] as const];
  });
  return {
    owner,
    setting: setting === undefined ? undefined : settingSchema.parse(setting.data),
    used: new Map(counts),
    warned: new Set(records.flatMap(({ key }) => warningOf(key) ?? [])),
  };
}

function ownerQuotas({ owner, setting, used, warned }: Head, usual: QuotaLimits) {
  const overrides = setting?.overrides ?? {};
  return { owner, overrides, limits: limitsOf(usual, overrides), used, warned };
}

function limitsOf(usual: QuotaLimits, overrides: Overrides): QuotaLimits {
  const limits: Partial<Record<QuotaName, number>> = {};
  for (const quota of quotaNames) {
    const own = overrides[quota];
    const limit = own === undefined ? usual[quota] : own;
    if (limit !== undefined && limit !== null) limits[quota] = limit;
  }
  return limits;
}

/** The day of the month on which the tenant was made. */
function usualAnchor(tenant: TableRecord | undefined): number {
  return tenant === undefined ? 1 : new Date(tenantRecordSchema.parse(tenant.data).createdAt).getUTCDate();
}
