import { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import { reaches, reachWith } from '../access/reach.ts';
import type { JsonValue } from '../digest.ts';
import type { Case } from './case.ts';
import { approvalGates, approversSchema, conditionsSchema, type PolicyRecord } from './policy.ts';
import { type RequestRecord, requestStates, voidedSchema } from './request.ts';
import { isAuthor, mayApprove } from './standing.ts';

/** What the API shows of approvals. */

export const policyViewSchema = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    gate: z.enum(approvalGates),
    when: conditionsSchema,
    approvers: approversSchema,
    quorum: z.number().int(),
    validSeconds: z.number().int(),
    revision: z.number().int().describe('Grows with every change; approvals are bound to it.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'ApprovalPolicy' });

export function policyView({ tenantId: _, ...policy }: PolicyRecord): z.input<typeof policyViewSchema> {
  return policy;
}

const policyStandingSchema = z.strictObject({
  name: z.string(),
  needed: z.number().int().describe('Its quorum.'),
  given: z.number().int().describe('Approvals that count for it, at most as many as are needed.'),
});

const voidedViewSchema = voidedSchema
  .extend({ code: z.literal('approval.voided') })
  .describe('Approvals that a build before this one had, and that do not count for it.');

/** As a build shows that it waits for approval, or did. */
export const buildApprovalSchema = z
  .strictObject({
    id: z.string().describe('Of the request.'),
    gate: z.enum(approvalGates),
    state: z.enum(requestStates),
    needed: z.number().int().describe('Approvals over all policies.'),
    given: z.number().int(),
    expiresAt: z.string(),
    policies: z.array(policyStandingSchema),
    voided: voidedViewSchema.exactOptional(),
    reason: z.string().exactOptional().describe('Why it was rejected.'),
  })
  .meta({ id: 'BuildApproval' });

const voteViewSchema = z.strictObject({
  memberId: z.string(),
  at: z.string(),
  comment: z.string().exactOptional(),
  counts: z.boolean(),
  code: z.string().exactOptional().describe('Why it does not count.'),
  expiresAt: z.string().exactOptional().describe('Of one that counts.'),
});

export const approvalViewSchema = z
  .strictObject({
    ...buildApprovalSchema.shape,
    buildId: z.string(),
    name: z.string().describe('The name in the spec.'),
    specDigest: z.string().describe('What is approved: to be sent with the decision.'),
    memberId: z.string().exactOptional().describe('Who asked for the build.'),
    teamId: z.string().exactOptional(),
    templates: z.array(z.string()),
    outputs: z.array(z.string()),
    costMicros: z.number().int().describe('Estimated, in millionths of a US dollar.'),
    requestedAt: z.string(),
    decidedAt: z.string().exactOptional(),
    rejectedBy: z.string().exactOptional(),
    votes: z.array(voteViewSchema),
    you: z.strictObject({
      mayDecide: z.boolean(),
      approved: z.boolean().describe('Your approval counts, or did.'),
      code: z.string().exactOptional().describe('Why you may not decide.'),
    }),
  })
  .meta({ id: 'Approval' });
type ApprovalView = z.input<typeof approvalViewSchema>;

export const approvalDetailSchema = z
  .strictObject({
    ...approvalViewSchema.shape,
    spec: z.unknown().describe('The resolved spec that is judged, but for the texts of its secret members.'),
  })
  .meta({ id: 'ApprovalDetail' });
export type ApprovalDetail = ApprovalView & { readonly spec: JsonValue };

/** The request as a build shows it, from its record alone. */
export function buildApproval(request: RequestRecord): z.input<typeof buildApprovalSchema> {
  const { id, gate, state, expiresAt, policies, voided, rejection } = request;
  const sum = (of: 'needed' | 'given'): number => policies.reduce((total, policy) => total + policy[of], 0);
  return {
    ...{ id, gate, state, expiresAt, needed: sum('needed'), given: sum('given') },
    policies: policies.map(({ name, needed, given }) => ({ name, needed, given })),
    ...(voided === undefined ? {} : { voided: { code: 'approval.voided', ...voided } }),
    ...(rejection === undefined ? {} : { reason: rejection.comment }),
  };
}

/** The request as its approvers see it: a pending one as it stands now. */
export function approvalView(open: Case, viewer: Principal): ApprovalView {
  const { request, standing } = open;
  const { memberId, facts, decidedAt, rejection } = request;
  const pending = request.state === 'pending';
  const policies = standing.policies.map(({ policy, needed, given }) => ({ name: policy.name, needed, given }));
  const now = pending ? { policies, needed: standing.needed, given: standing.given } : {};
  return {
    ...buildApproval(request),
    ...now,
    ...{ buildId: request.buildId, name: request.name, specDigest: request.specDigest },
    ...(memberId === undefined ? {} : { memberId }),
    ...(facts.teamId === undefined ? {} : { teamId: facts.teamId }),
    ...{ templates: facts.templates, outputs: facts.outputs, costMicros: facts.costMicros },
    requestedAt: request.requestedAt,
    ...(decidedAt === undefined ? {} : { decidedAt }),
    ...(rejection === undefined ? {} : { rejectedBy: rejection.memberId }),
    votes: pending ? standingVotes(open) : decidedVotes(request),
    you: viewerOf(open, viewer),
  };
}

const standingVotes = ({ standing }: Case): ApprovalView['votes'] =>
  standing.votes.map(({ vote: { memberId, at, comment }, counts, code, until }) => ({
    ...{ memberId, at, counts: counts.length > 0 },
    ...(comment === undefined ? {} : { comment }),
    ...(code === undefined ? {} : { code }),
    ...(until === undefined ? {} : { expiresAt: new Date(until).toISOString() }),
  }));

const decidedVotes = ({ votes = [] }: RequestRecord): ApprovalView['votes'] =>
  votes.map(({ memberId, at, comment }) => ({
    ...{ memberId, at, counts: true },
    ...(comment === undefined ? {} : { comment }),
  }));

function viewerOf({ request, standing, voters, now }: Case, viewer: Principal): ApprovalView['you'] {
  const { memberId } = viewer;
  const { votes = [], state, authors, expiresAt } = request;
  if (state !== 'pending') {
    const approved = votes.some((vote) => vote.memberId === memberId);
    return { mayDecide: false, approved, code: state === 'expired' ? 'approval.expired' : 'approval.decided' };
  }
  const approved = standing.votes.some(({ vote, counts }) => vote.memberId === memberId && counts.length > 0);
  const voter = voters.get(memberId);
  if (new Date(expiresAt) <= now) return { mayDecide: false, approved, code: 'approval.expired' };
  const reach = reachWith(viewer, 'approvals:decide');
  const { tenantId, facts } = request;
  if (voter === undefined || reach === undefined || !reaches(reach, { tenantId, teamId: facts.teamId })) {
    return { mayDecide: false, approved, code: 'access.forbidden' };
  }
  if (isAuthor(authors, voter)) return { mayDecide: false, approved, code: 'approval.self' };
  const named = standing.policies.some(({ policy }) => mayApprove(policy, voter));
  return named ? { mayDecide: true, approved } : { mayDecide: false, approved, code: 'approval.not_eligible' };
}
