import { type Permission, permissions } from '../../../core/access/permissions.ts';
import type { Principal } from '../../../core/access/principal.ts';
import type { PolicyRecord } from '../../../core/approvals/policy.ts';
import type { Vote } from '../../../core/approvals/request.ts';
import type { Voter } from '../../../core/approvals/standing.ts';

/** Somebody who calls with all permissions. */
export function principalWith(tenantId: string, memberId: string): Principal {
  return {
    ...{ tenantId, memberId, keyId: 'key_1', requestId: 'req_1', grants: new Set<Permission>(permissions) },
    teamGrants: new Map(),
    permissions: new Set(permissions),
  };
}

const at = '2026-11-27T00:00:00.000Z';

export const samplePolicy = (more: Partial<PolicyRecord> = {}): PolicyRecord => ({
  ...{ tenantId: 'ten_1', name: 'four-eyes', description: '', gate: 'build', when: {}, approvers: {} },
  ...{ quorum: 1, validSeconds: 3_600, revision: 1, createdAt: at, changedAt: at },
  ...more,
});

export const sampleVoter = (memberId: string, more: Partial<Voter> = {}): Voter => ({
  ...{ memberId, kind: 'person', roles: ['approver'], identity: memberId, decides: true },
  ...more,
});

export const sampleVote = (memberId: string, policies: readonly string[], more: Partial<Vote> = {}): Vote => ({
  ...{ memberId, at, requestId: 'apr_1', policies: [...policies] },
  ...more,
});
