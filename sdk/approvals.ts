import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  Approval,
  ApprovalDetail,
  ApprovalPolicy,
  ListApprovalsData,
  SetApprovalPolicyData,
} from './generated/types.gen.ts';

/** Entries that one call for a page asks for: as many as the service gives. */
const pageSize = 100;

/** Which requests to read: in one state, or those that wait for the caller. */
export interface ApprovalFilter {
  readonly state?: NonNullable<NonNullable<ListApprovalsData['query']>['state']>;
  readonly mine?: boolean;
}

/** The calls of a client that are about approvals. */
export function approvalCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** Requests for approval, the newest first, page by page until the reader has seen enough. */
  async function* readApprovals({ state, mine }: ApprovalFilter = {}): AsyncGenerator<Approval> {
    let cursor: string | undefined;
    do {
      const query = {
        limit: pageSize,
        ...(state === undefined ? {} : { state }),
        ...(mine === true ? { mine: 'true' as const } : {}),
        ...(cursor === undefined ? {} : { cursor }),
      };
      const page = (await operations.listApprovals({ ...shared, query })).data;
      yield* page.approvals;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** A request with the spec that is judged. */
  const readApproval = async (id: string): Promise<ApprovalDetail> =>
    (await operations.readApproval({ ...shared, path: { id } })).data;

  /** Approves the spec of this digest; the last approval that is needed lets the build go on. */
  const approveBuild = async (id: string, specDigest: string, comment?: string): Promise<Approval> => {
    const body = { specDigest, ...(comment === undefined ? {} : { comment }) };
    return (await operations.approveBuild({ ...shared, path: { id }, body })).data;
  };

  /** Rejects the build for good. */
  const rejectBuild = async (id: string, specDigest: string, comment: string): Promise<Approval> =>
    (await operations.rejectBuild({ ...shared, path: { id }, body: { specDigest, comment } })).data;

  /** Takes back one's approval of what is not decided yet. */
  const withdrawApproval = async (id: string): Promise<Approval> =>
    (await operations.withdrawApproval({ ...shared, path: { id } })).data;

  /** Every policy of the tenant. */
  async function listApprovalPolicies(): Promise<readonly ApprovalPolicy[]> {
    const all: ApprovalPolicy[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
      const page = (await operations.listApprovalPolicies({ ...shared, query })).data;
      all.push(...page.policies);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return all;
  }

  const readApprovalPolicy = async (name: string): Promise<ApprovalPolicy> =>
    (await operations.readApprovalPolicy({ ...shared, path: { name } })).data;

  /** Makes a policy, or changes it, which voids what was approved under it. */
  const setApprovalPolicy = async (name: string, body: SetApprovalPolicyData['body']): Promise<ApprovalPolicy> =>
    (await operations.setApprovalPolicy({ ...shared, path: { name }, body })).data;

  const removeApprovalPolicy = async (name: string): Promise<void> => {
    await operations.removeApprovalPolicy({ ...shared, path: { name } });
  };

  return {
    ...{ readApprovals, readApproval, approveBuild, rejectBuild, withdrawApproval },
    ...{ listApprovalPolicies, readApprovalPolicy, setApprovalPolicy, removeApprovalPolicy },
  };
}
