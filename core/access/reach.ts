import { permissionsOf } from './grants.ts';
import type { Permission } from './permissions.ts';
import type { Principal } from './principal.ts';

/**
 * How far a permission of somebody's reaches: over all that is a tenant's, or over what belongs to some of its teams.
 * The router makes it of the principal and of what the operation needs; whatever reads a thing for a caller takes it in
 * place of a tenant's id, so that none can be read past it.
 */
export interface Reach {
  readonly tenantId: string;
  /** `all`: what is the tenant's own, and what is of any team. */
  readonly teams: 'all' | ReadonlySet<string>;
}

/** For the engine's own use, and where a permission of the tenant's is needed anyway. */
export const wholeTenant = (tenantId: string): Reach => ({ tenantId, teams: 'all' });

/** How far a permission reaches; undefined where it is held nowhere. */
export function reachWith(principal: Principal, permission: Permission): Reach | undefined {
  const { tenantId, permissions, teamGrants } = principal;
  if (permissions.has(permission)) return wholeTenant(tenantId);
  const teams = [...teamGrants].filter(([, grants]) => permissionsOf(grants).has(permission)).map(([teamId]) => teamId);
  return teams.length === 0 ? undefined : { tenantId, teams: new Set(teams) };
}

/** Whether a thing is in reach: one of no team only with the whole tenant. */
export function reaches(
  reach: Reach,
  thing: { readonly tenantId: string; readonly teamId?: string | undefined },
): boolean {
  if (thing.tenantId !== reach.tenantId) return false;
  return reach.teams === 'all' || (thing.teamId !== undefined && reach.teams.has(thing.teamId));
}
