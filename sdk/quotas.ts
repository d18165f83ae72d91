import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { Quotas, SetTeamQuotaData, SetTenantQuotaData } from './generated/types.gen.ts';

/** The calls of a client that are about quotas. */
export function quotaCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** The tenant’s quotas: what there may be of each, what is used, and when that frees. */
  const readQuota = async (): Promise<Quotas> => (await operations.readQuota(shared)).data;

  /** Those of any tenant, for the operator. */
  const readTenantQuota = async (tenantId: string): Promise<Quotas> =>
    (await operations.readTenantQuota({ ...shared, path: { tenantId } })).data;

  /** Sets tier, overrides and anchor day of a tenant, all of them: what is left out is as it is without. */
  const setTenantQuota = async (tenantId: string, body: SetTenantQuotaData['body']): Promise<Quotas> =>
    (await operations.setTenantQuota({ ...shared, path: { tenantId }, body })).data;

  /** Those of a team, which bound it beside its tenant’s. */
  const readTeamQuota = async (teamId: string): Promise<Quotas> =>
    (await operations.readTeamQuota({ ...shared, path: { teamId } })).data;

  /** Sets the limits of a team, all of them: one that is left out is none. */
  const setTeamQuota = async (teamId: string, limits: SetTeamQuotaData['body']['limits']): Promise<Quotas> =>
    (await operations.setTeamQuota({ ...shared, path: { teamId }, body: { limits } })).data;

  return { readTeamQuota, setTeamQuota, readQuota, readTenantQuota, setTenantQuota };
}
