import type { Principal } from '../../core/access/principal.ts';
import type { Reach } from '../../core/access/reach.ts';
import type { OperationContext } from './operation.ts';

/**
 * The principal of a call whose operation has access by permission.
 * @throws Error where there is none: the router never lets such a call through.
 */
export function principalOf(context: OperationContext): Principal {
  if (context.principal === undefined) throw new Error('the operation is not one with access by permission');
  return context.principal;
}

/**
 * Over what the caller holds the operation's permission.
 * @throws Error where the operation is not one with access by permission
 */
export function reachOf(context: OperationContext): Reach {
  if (context.reach === undefined) throw new Error('the operation is not one with access by permission');
  return context.reach;
}
