import { untilDone } from '../access/attempts.ts';
import type { Principal } from '../access/principal.ts';
import { reachWith } from '../access/reach.ts';
import type { AuditFact } from '../audit/entry.ts';
import { decisionUsageWrites } from '../billing/approval-usage.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { type Case, isWaiting, missingRequest, openCase } from './case.ts';
import type { GatePorts } from './gate.ts';
import { approvalLimits } from './limits.ts';
import { judge, move } from './outcome.ts';
import { tenantRequests } from './places.ts';
import { policyDigest } from './policy.ts';
import { type RequestRecord, readRequest, requestFacts, type Vote } from './request.ts';
import { isAuthor, mayApprove } from './standing.ts';

/** What somebody says of a request. */
export interface Opinion {
  /** Of the spec that they have looked at. */
  readonly specDigest: string;
  readonly comment?: string;
}

/**
 * Approves a build. The approval that fills the last quorum lets the build pass in the same transaction.
 * @throws EngineError approval.not_found, approval.decided, approval.expired, approval.digest_mismatch, approval.self,
 * approval.not_eligible, approval.too_many, service.unavailable
 */
export async function approve(
  ports: GatePorts,
  principal: Principal,
  requestId: string,
  { specDigest, comment }: Opinion,
): Promise<RequestRecord> {
  const { tenantId, memberId } = principal;
  return untilDone(async () => {
    const open = await openPending(ports, principal, requestId);
    const policies = needMayDecide(open, principal, specDigest);
    const { request, ballot, now } = open;
    const vote: Vote = {
      ...{ memberId, at: now.toISOString(), requestId },
      ...(comment === undefined ? {} : { comment }),
      policies: policies.map(policyDigest),
    };
    const others = ballot.votes.filter((one) => one.memberId !== memberId && isFresh(one, now));
    if (others.length >= approvalLimits.votes) {
      throw new EngineError('approval.too_many', `The request has ${others.length} approvals.`);
    }
    const fact: AuditFact = {
      ...{ action: 'approval.given', target: requestId },
      detail: toJsonObject({ ...requestFacts(request), comment }),
    };
    const beside = decisionUsageWrites(usageOf(open), now);
    return move(ports, open, { votes: [...others, vote], by: { actor: principal, fact }, beside });
  }).then(async (after) => {
    await lookAtOthers(ports, tenantId, after);
    return after;
  });
}

/**
 * Rejects a build for good: one approver is enough, and all approvals of it go with that.
 * @throws EngineError as `approve`
 */
export async function reject(
  ports: GatePorts,
  principal: Principal,
  requestId: string,
  { specDigest, comment }: Required<Opinion>,
): Promise<RequestRecord> {
  return untilDone(async () => {
    const open = await openPending(ports, principal, requestId);
    needMayDecide(open, principal, specDigest);
    const rejection = { memberId: principal.memberId, comment };
    const detail = toJsonObject({ ...requestFacts(open.request), comment });
    const fact: AuditFact = { action: 'approval.rejected', target: requestId, detail };
    const beside = decisionUsageWrites(usageOf(open), open.now);
    return move(ports, open, { votes: [], rejection, by: { actor: principal, fact }, beside });
  });
}

/**
 * Takes back one's approval of what is not decided yet.
 * @throws EngineError approval.not_found, approval.decided, approval.expired, approval.none_given, service.unavailable
 */
export async function withdraw(ports: GatePorts, principal: Principal, requestId: string): Promise<RequestRecord> {
  return untilDone(async () => {
    const open = await openPending(ports, principal, requestId);
    const votes = open.ballot.votes.filter(({ memberId }) => memberId !== principal.memberId);
    if (votes.length === open.ballot.votes.length) {
      throw new EngineError('approval.none_given', 'You have not approved this, or have withdrawn that.');
    }
    const detail = requestFacts(open.request);
    const fact: AuditFact = { action: 'approval.withdrawn', target: requestId, detail };
    return move(ports, open, { votes, by: { actor: principal, fact } });
  });
}

/** Whose use a decision is. */
const usageOf = ({ request, build, ballot }: Case) => ({
  ...{ id: request.id, tenantId: request.tenantId, buildId: build.id, teamId: build.teamId },
  ballot: ballot.version,
});

/** @throws EngineError approval.not_found, approval.decided, approval.expired */
async function openPending(ports: GatePorts, principal: Principal, requestId: string): Promise<Case> {
  const { tenantId, memberId } = principal;
  const reach = reachWith(principal, 'approvals:decide');
  if (reach === undefined) throw missingRequest();
  const open = await openCase(ports, reach, requestId, [memberId]);
  const { request, build } = open;
  if (request.state === 'expired') throw expired(request);
  if (request.state !== 'pending') throw new EngineError('approval.decided', `The request is ${request.state}.`);
  if (!isWaiting(open)) {
    const why = build.cancelRequestedAt === undefined ? build.state : 'being cancelled';
    throw new EngineError('approval.decided', `The build is ${why}.`);
  }
  if (new Date(request.expiresAt) > open.now) return open;
  // The sweep has not come by yet.
  throw expired(await judge(ports, tenantId, requestId));
}

const expired = ({ expiresAt }: RequestRecord): EngineError =>
  new EngineError('approval.expired', `The request has expired at ${expiresAt}.`);

/**
 * The policies that somebody's word counts for.
 * @throws EngineError approval.digest_mismatch, approval.self, approval.not_eligible
 */
function needMayDecide({ request, standing, voters }: Case, { memberId }: Principal, specDigest: string) {
  if (request.specDigest !== specDigest) {
    throw new EngineError('approval.digest_mismatch', `The build is of the spec ${request.specDigest}.`);
  }
  const voter = voters.get(memberId);
  if (voter === undefined || isAuthor(request.authors, voter)) {
    throw new EngineError('approval.self', 'You have asked for this build, or the service account that has is yours.');
  }
  const policies = standing.policies.map(({ policy }) => policy).filter((policy) => mayApprove(policy, voter));
  if (policies.length === 0 && standing.policies.length > 0) {
    const names = standing.policies.map(({ policy }) => policy.name).join(', ');
    throw new EngineError('approval.not_eligible', `You are not among the approvers of ${names}.`);
  }
  return policies;
}

const isFresh = ({ at }: Vote, now: Date): boolean =>
  new Date(at).getTime() + approvalLimits.mostSeconds * 1_000 > now.getTime();

/** Requests for the same spec that wait beside one: the same approval may be what they wait for. */
async function lookAtOthers(ports: GatePorts, tenantId: string, request: RequestRecord): Promise<void> {
  if (request.gate !== 'build') return;
  const { partition } = tenantRequests(tenantId, '');
  const page = await ports.table.query({ index: 'byTenant', partition, descending: true, limit: 100 });
  for (const { value } of page.records.map(readRequest)) {
    const same = value.state === 'pending' && value.gate === 'build' && value.specDigest === request.specDigest;
    if (same && value.id !== request.id) await judge(ports, tenantId, value.id);
  }
}
