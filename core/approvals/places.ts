import type { TableKey } from '../ports/table.ts';

/** Where approvals stand in the table. */
const policies = (tenantId: string): string => `APPROVALPOLICIES#${tenantId}`;

export const policyPrefix = 'POLICY#';
export const policyPlace = (tenantId: string, name: string): TableKey => ({
  partition: policies(tenantId),
  sort: `${policyPrefix}${name}`,
});

/** What is known of all policies of a tenant together: each change of one changes it too. */
export const policyBookPlace = (tenantId: string): TableKey => ({ partition: policies(tenantId), sort: 'BOOK' });

export const requestPlace = (id: string): TableKey => ({ partition: `APPROVAL#${id}`, sort: 'APPROVAL' });

/** Index byTenant: a tenant's requests in the order in which they came up. */
export const tenantRequests = (tenantId: string, id: string): TableKey => ({
  partition: `APPROVALS#${tenantId}`,
  sort: id,
});

/** Index byState: every request that is not decided, the one that expires next first. */
export const pendingRequests = (expiresAt: string, id: string): TableKey => ({
  partition: pendingPartition,
  sort: `${expiresAt}#${id}`,
});
export const pendingPartition = 'APPROVALS#PENDING';

/**
 * The approvals that were given: before the queue by the digest of the spec, so that they serve whoever builds the same
 * again; of artifacts by the build, since another build of the same spec may make other bytes.
 */
export const ballotPlace = (
  tenantId: string,
  of: { readonly gate: 'build'; readonly specDigest: string } | { readonly gate: 'publish'; readonly buildId: string },
): TableKey => ({
  partition: `BALLOT#${tenantId}#${of.gate === 'build' ? of.specDigest : of.buildId}`,
  sort: of.gate,
});

/** The last build of a name that asked for approval: what an edited spec is edited from. */
export const lastOfNamePlace = (tenantId: string, name: string): TableKey => ({
  partition: `APPROVALNAMES#${tenantId}`,
  sort: name,
});
