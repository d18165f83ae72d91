import * as operations from './generated/sdk.gen.ts';
import type {
  Approval,
  ApprovalDetail,
  ApprovalPolicy,
  ListApprovalPoliciesResponse,
  ListApprovalsData,
  ListApprovalsResponse,
  SetApprovalPolicyData,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Which requests to read: in one state, or those that wait for the caller. */
export interface ApprovalFilter extends PageQuery {
  readonly state?: NonNullable<NonNullable<ListApprovalsData['query']>['state']>;
  readonly mine?: boolean;
}

/** Requests for approval. @internal */
export function approvalCalls(engine: Transport) {
  return {
    /** Requests for approval, the newest first. */
    list: (filter: ApprovalFilter = {}, options?: CallOptions): Listing<ListApprovalsResponse, Approval> => {
      const { state, mine } = filter;
      const wanted = {
        ...(state === undefined ? {} : { state }),
        ...(mine === true ? { mine: 'true' as const } : {}),
      };
      return listing(
        filter,
        async (page) => (await operations.listApprovals({ ...engine.of(options), query: { ...wanted, ...page } })).data,
        ({ approvals }) => approvals,
      );
    },

    /** A request with the spec that is judged. */
    read: async (id: string, options?: CallOptions): Promise<ApprovalDetail> =>
      (await operations.readApproval({ ...engine.of(options), path: { id } })).data,

    /** Approves the spec of this digest; the last approval that is needed lets the build go on. */
    approve: async (id: string, specDigest: string, comment?: string, options?: CallOptions): Promise<Approval> => {
      const body = { specDigest, ...(comment === undefined ? {} : { comment }) };
      return (await operations.approveBuild({ ...engine.of(options), path: { id }, body })).data;
    },

    /** Rejects the build for good. */
    reject: async (id: string, specDigest: string, comment: string, options?: CallOptions): Promise<Approval> =>
      (await operations.rejectBuild({ ...engine.of(options), path: { id }, body: { specDigest, comment } })).data,

    /** Takes back one's approval of what is not decided yet. */
    withdraw: async (id: string, options?: CallOptions): Promise<Approval> =>
      (await operations.withdrawApproval({ ...engine.of(options), path: { id } })).data,

    /** The policies of the tenant. */
    listPolicies: (
      query: PageQuery = {},
      options?: CallOptions,
    ): Listing<ListApprovalPoliciesResponse, ApprovalPolicy> =>
      listing(
        query,
        async (page) => (await operations.listApprovalPolicies({ ...engine.of(options), query: page })).data,
        ({ policies }) => policies,
      ),

    readPolicy: async (name: string, options?: CallOptions): Promise<ApprovalPolicy> =>
      (await operations.readApprovalPolicy({ ...engine.of(options), path: { name } })).data,

    /** Makes a policy, or changes it, which voids what was approved under it. */
    setPolicy: async (
      name: string,
      body: SetApprovalPolicyData['body'],
      options?: CallOptions,
    ): Promise<ApprovalPolicy> =>
      (await operations.setApprovalPolicy({ ...engine.of(options), path: { name }, body })).data,

    removePolicy: async (name: string, options?: CallOptions): Promise<void> => {
      await operations.removeApprovalPolicy({ ...engine.of(options), path: { name } });
    },
  };
}
