import type { Principal } from '../../../core/access/principal.ts';
import { EngineError } from '../../../core/errors.ts';

/** What touches the pool that all tenants share is the operator's. */
export function isCacheOperator(principal: Principal): boolean {
  return principal.permissions.has('installation:operate');
}

/** @throws EngineError access.forbidden */
export function requireCacheOperator(principal: Principal): void {
  if (!isCacheOperator(principal)) {
    throw new EngineError('access.forbidden', 'In the shared pool this needs the permission installation:operate.');
  }
}
