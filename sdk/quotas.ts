import * as operations from './generated/sdk.gen.ts';
import type { Quotas, SetTeamQuotaData, SetTenantQuotaData } from './generated/types.gen.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Quotas. @internal */
export function quotaCalls(engine: Transport) {
  return {
    /** The tenant’s quotas: what there may be of each, what is used, and when that frees. */
    read: async (options?: CallOptions): Promise<Quotas> => (await operations.readQuota(engine.of(options))).data,

    /** Those of any tenant, for the operator. */
    readOfTenant: async (tenantId: string, options?: CallOptions): Promise<Quotas> =>
      (await operations.readTenantQuota({ ...engine.of(options), path: { tenantId } })).data,

    /** Sets tier, overrides and anchor day of a tenant, all of them: what is left out is as it is without. */
    setOfTenant: async (tenantId: string, body: SetTenantQuotaData['body'], options?: CallOptions): Promise<Quotas> =>
      (await operations.setTenantQuota({ ...engine.of(options), path: { tenantId }, body })).data,

    /** Those of a team, which bound it beside its tenant’s. */
    readOfTeam: async (teamId: string, options?: CallOptions): Promise<Quotas> =>
      (await operations.readTeamQuota({ ...engine.of(options), path: { teamId } })).data,

    /** Sets the limits of a team, all of them: one that is left out is none. */
    setOfTeam: async (
      teamId: string,
      limits: SetTeamQuotaData['body']['limits'],
      options?: CallOptions,
    ): Promise<Quotas> =>
      (await operations.setTeamQuota({ ...engine.of(options), path: { teamId }, body: { limits } })).data,
  };
}
