/** Errors of approvals, as core/error-catalogue.ts has all of them. */
export const approvalErrors = {
  'approval.not_found': {
    status: 404,
    title: 'There is no such request for approval',
    remedy: 'See GET /v1/approvals for those that there are.',
  },
  'approval.digest_mismatch': {
    status: 409,
    title: 'The build is of another spec than the one that was looked at',
    remedy: 'Read the request again (`lbuild approvals show ID`), and decide about the digest that it names now.',
  },
  'approval.self': {
    status: 403,
    title: 'Nobody approves their own build',
    remedy: 'Ask somebody else. A service account counts as whoever added it.',
  },
  'approval.not_eligible': {
    status: 403,
    title: 'The policies name others',
    remedy: 'See `approvers` of the policies that the request names (GET /v1/approval-policies).',
  },
  'approval.expired': {
    status: 409,
    title: 'The approval, or the request for it, has expired',
    remedy: 'Start the build again (`lbuild retry ID`): that asks anew.',
  },
  'approval.rejected': {
    status: 409,
    title: 'The build was rejected',
    remedy: 'Mend what the reason names, and start a new build.',
  },
  'approval.decided': {
    status: 409,
    title: 'The request is decided, or what it was for is over',
    remedy: 'See `state` of the request; a new build asks anew.',
  },
  'approval.voided': {
    status: 409,
    title: 'Approvals that were given count no more',
    remedy: 'They were given for another spec, or under another policy: approve this request anew.',
  },
  'approval.none_given': {
    status: 409,
    title: 'There is no approval of yours to withdraw',
    remedy: 'See `votes` of the request.',
  },
  'approval.too_many': {
    status: 409,
    title: 'The request has as many approvals as it may',
    remedy: 'Have one that does not count withdrawn, or wait until one expires.',
  },
  'approval.policy_not_found': {
    status: 404,
    title: 'There is no such approval policy',
    remedy: 'See GET /v1/approval-policies for those that there are.',
  },
  'approval.policy_too_many': {
    status: 409,
    title: 'The tenant has as many approval policies as it may',
    remedy: 'Remove one that is not needed any more.',
  },
  'approval.condition_unsupported': {
    status: 422,
    title: 'A condition of the policy cannot be judged',
    remedy: 'Leave out the conditions named in `errors`: a policy never holds a condition that would be passed over.',
  },
  'artifact.held': {
    status: 409,
    title: 'What the build made is held until it is approved',
    remedy: 'See `approval` of GET /v1/builds/{id}; `lbuild approvals ls` lists who is waited for.',
  },
} as const;
