import { z } from 'zod';
import type { Reach } from '../access/reach.ts';
import type { Clock } from '../ports/clock.ts';
import { runningBuilds, runningBuildsOfTeam } from '../queue/slots.ts';
import { getTeam } from '../teams/team-repository.ts';
import type { Installation } from '../tenancy/installation.ts';
import {
  anchorDaySchema,
  type OwnerQuotas,
  overridesSchema,
  type QuotaPorts,
  readQuotas,
  usedOf,
} from './owner-quotas.ts';
import { periodOf } from './periods.ts';
import { quotaKinds, quotaNames, tierNames } from './tiers.ts';

const quotaSchema = z
  .strictObject({
    quota: z.enum(quotaNames),
    unit: z.enum(['builds', 'minutes', 'images', 'bytes']),
    limit: z.number().int().nullable().describe('The most that there may be; null: no limit.'),
    used: z.number().int().describe('Of minutes, images and bytes with what running builds have reserved.'),
    freesAt: z
      .string()
      .exactOptional()
      .describe('When what is used frees; absent: not with time, but when builds end or what they made is deleted.'),
  })
  .meta({ id: 'Quota' });

/** Quotas as the API shows them. */
export const quotasViewSchema = z
  .strictObject({
    tier: z.enum(tierNames).exactOptional().describe('Of a tenant.'),
    overrides: overridesSchema,
    anchorDay: anchorDaySchema,
    quotas: z.array(quotaSchema),
  })
  .meta({ id: 'Quotas' });
export type QuotasView = z.input<typeof quotasViewSchema>;

type ViewPorts = QuotaPorts & {
  readonly clock: Clock;
  readonly installation: Pick<Installation, 'defaultTier' | 'concurrentBuildsPerTenant'>;
};

/** The quotas of a tenant, what is used of each, and when it frees. */
export async function tenantQuotas(ports: ViewPorts, tenantId: string): Promise<QuotasView> {
  const [[tenant], running] = await Promise.all([
    readQuotas(ports, { tenantId }),
    runningBuilds(ports.table, tenantId),
  ]);
  // The installation may allow fewer at once than the tier.
  const concurrentBuilds = Math.min(
    tenant.limits.concurrentBuilds ?? Number.POSITIVE_INFINITY,
    ports.installation.concurrentBuildsPerTenant,
  );
  return view({ ...tenant, limits: { ...tenant.limits, concurrentBuilds } }, running, ports.clock.now());
}

/**
 * The quotas of a team beside its tenant's, which bound it too.
 * @throws EngineError team.not_found
 */
export async function teamQuotas(ports: ViewPorts, reach: Reach, teamId: string): Promise<QuotasView> {
  const { tenantId } = reach;
  const [, [, team], running] = await Promise.all([
    getTeam(ports.table, reach, teamId),
    readQuotas(ports, { tenantId, teamId }),
    runningBuildsOfTeam(ports.table, { tenantId, teamId }),
  ]);
  if (team === undefined) throw new Error('a team has quotas');
  return view(team, running, ports.clock.now());
}

function view(owner: OwnerQuotas, running: number, now: Date): QuotasView {
  const { tier, overrides, anchorDay } = owner;
  return {
    ...(tier === undefined ? {} : { tier }),
    ...{ overrides, anchorDay },
    quotas: quotaNames.map((quota) => {
      const period = periodOf(quota, now, anchorDay);
      return {
        ...{ quota, unit: quotaKinds[quota].unit, limit: owner.limits[quota] ?? null },
        used: quota === 'concurrentBuilds' ? running : usedOf(owner, quota, period),
        ...(period.end === undefined ? {} : { freesAt: period.end.toISOString() }),
      };
    }),
  };
}
