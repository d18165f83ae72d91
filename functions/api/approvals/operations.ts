import type { Operation } from '../../shared/operation.ts';
import { approveBuild } from './approve-build.ts';
import { listApprovals } from './list-approvals.ts';
import { listApprovalPolicies } from './list-policies.ts';
import { readApproval } from './read-approval.ts';
import { readApprovalPolicy } from './read-policy.ts';
import { rejectBuild } from './reject-build.ts';
import { removeApprovalPolicy } from './remove-policy.ts';
import { setApprovalPolicy } from './set-policy.ts';
import { withdrawApproval } from './withdraw-approval.ts';

export const approvalOperations: readonly Operation[] = [
  listApprovalPolicies,
  readApprovalPolicy,
  setApprovalPolicy,
  removeApprovalPolicy,
  listApprovals,
  readApproval,
  approveBuild,
  rejectBuild,
  withdrawApproval,
];
