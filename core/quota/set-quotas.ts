import { untilDone } from '../access/attempts.ts';
import type { Reach } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { getTeam } from '../teams/team-repository.ts';
import { needTenant } from '../tenancy/tenant.ts';
import { type Overrides, type QuotaSetting, readSetting } from './owner-quotas.ts';
import { type Owner, ownerOfTeam, settingPlace } from './places.ts';

interface SetPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Gives a tenant a tier, other limits than the tier's, and the day on which its month begins; what is not named is as it
 * is without. It holds from the next build on; what is used stays. Both logs have it: the operator's own, and the
 * tenant's, which does not say who it was.
 * @throws EngineError tenant.not_found
 */
export async function setTenantQuotas(
  ports: SetPorts,
  operator: Actor,
  tenantId: string,
  setting: Omit<QuotaSetting, 'changedAt'>,
): Promise<void> {
  await needTenant(ports.table, tenantId);
  const logs = operator.tenantId === tenantId ? [operator] : [operator, { tenantId }];
  await setQuotas(ports, tenantId, setting, (before) => {
    const detail = toJsonObject({ ...setting, before: before ?? null });
    return logs.map((actor) => auditWrite(ports, actor, { action: 'quota.set', target: tenantId, detail }));
  });
}

/**
 * Gives a team limits of its own. They bound it beside those of its tenant, and lift none of these.
 * @throws EngineError team.not_found
 */
export async function setTeamQuotas(
  ports: SetPorts,
  actor: Actor,
  place: { readonly reach: Reach; readonly teamId: string },
  overrides: Overrides,
): Promise<void> {
  const { reach, teamId } = place;
  await getTeam(ports.table, reach, teamId);
  await setQuotas(ports, ownerOfTeam(reach.tenantId, teamId), { overrides }, (before) => [
    auditWrite(ports, actor, {
      ...{ action: 'quota.set', target: teamId },
      detail: toJsonObject({ overrides, before: before ?? null }),
    }),
  ]);
}

/** Stores what is set for an owner together with what tells of it. */
async function setQuotas(
  { table, clock }: SetPorts,
  owner: Owner,
  setting: Omit<QuotaSetting, 'changedAt'>,
  audit: (before: QuotaSetting | undefined) => readonly TableWrite[],
): Promise<void> {
  await untilDone(async () => {
    const before = await readSetting(table, owner);
    const data = toJsonObject({ ...setting, changedAt: clock.now().toISOString() });
    try {
      await table.transact([
        {
          ...{ kind: 'put', key: settingPlace(owner), data },
          condition: before === undefined ? { kind: 'absent' } : { kind: 'version', version: before.version },
        },
        ...audit(before?.setting),
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}
