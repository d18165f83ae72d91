import type { Actor } from '../audit/entry.ts';
import type { Grant, Permission } from './permissions.ts';

/** Who calls: the tenant of everything that the request touches comes from here and nowhere else. */
export interface Principal extends Actor {
  /** What the member's roles hold, less what the key's scopes leave out. */
  readonly grants: ReadonlySet<Grant>;
  /** The same, wildcards written out. */
  readonly permissions: ReadonlySet<Permission>;
  /** When the key ends; absent: when it is revoked. */
  readonly expiresAt?: string;
  /** Where the key may be used from; absent: everywhere. */
  readonly addressRanges?: readonly string[];
}
