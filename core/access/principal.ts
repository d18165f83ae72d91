import type { Permission } from './permissions.ts';

/** Who calls: the tenant of everything that the request touches comes from here and nowhere else. */
export interface Principal {
  readonly tenantId: string;
  readonly keyId: string;
  readonly permissions: ReadonlySet<Permission>;
}
