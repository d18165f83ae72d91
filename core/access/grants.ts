import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { type Grant, grants, type Permission, permissions, resourceOf, wildcardOf } from './permissions.ts';

export const grantSchema = z.enum(grants);

/** What somebody holds: in the tenant, and beside that inside teams of theirs. */
export interface Held {
  readonly grants: ReadonlySet<Grant>;
  /** By team. What it holds there counts only for what belongs to that team. */
  readonly teamGrants: ReadonlyMap<string, ReadonlySet<Grant>>;
}

/** Grants written out: a wildcard is every permission of its resource. */
export function permissionsOf(held: ReadonlySet<Grant>): ReadonlySet<Permission> {
  return new Set(permissions.filter((permission) => holds(held, permission)));
}

/** Whether one grant is covered by others: by itself, or a permission by its resource's wildcard. */
export function holds(held: ReadonlySet<Grant>, grant: Grant): boolean {
  return held.has(grant) || held.has(wildcardOf(resourceOf(grant)));
}

/** What both sides hold: a wildcard where both have it, or else the permissions that both cover. */
export function intersection(one: ReadonlySet<Grant>, other: ReadonlySet<Grant>): ReadonlySet<Grant> {
  return new Set(grants.filter((grant) => holds(one, grant) && holds(other, grant)));
}

/**
 * Nobody gives, or takes from others, what they do not hold: a wildcard only who has that wildcard.
 * @throws EngineError access.not_held, naming what is lacking
 */
export function needHeld(principal: Pick<Held, 'grants'>, wanted: Iterable<Grant>): void {
  const lacking = [...new Set(wanted)].filter((grant) => !holds(principal.grants, grant)).sort();
  if (lacking.length === 0) return;
  throw new EngineError('access.not_held', `Your key does not hold ${lacking.join(', ')}.`);
}
