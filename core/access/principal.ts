import type { Actor } from '../audit/entry.ts';
import type { Held } from './grants.ts';
import type { Permission } from './permissions.ts';

/** Who calls: the tenant of everything that the request touches comes from here and nowhere else. */
export interface Principal extends Actor, Held {
  // What it holds is what the member's roles hold, in the tenant and inside teams, less what the key's scopes leave out.
  /** What it holds in the tenant, wildcards written out. */
  readonly permissions: ReadonlySet<Permission>;
  /** When the key ends; absent: when it is revoked. */
  readonly expiresAt?: string;
  /** Where the key may be used from; absent: everywhere. */
  readonly addressRanges?: readonly string[];
}
