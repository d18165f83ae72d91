import { untilDone } from '../access/attempts.ts';
import { wholeTenant } from '../access/reach.ts';
import { type ActorOrEngine, type AuditFact, auditWrite } from '../audit/entry.ts';
import type { BuildRecord, Failure } from '../builds/build-record.ts';
import { updateBuild } from '../builds/build-repository.ts';
import { endedBuild } from '../builds/settle.ts';
import { outboxWrite } from '../events/outbox.ts';
import { ConditionFailed, type TableWrite } from '../ports/table.ts';
import { joinWork } from '../sharing/follow.ts';
import { queueBuild } from '../sharing/queue-build.ts';
import { type Case, isWaiting, openCase } from './case.ts';
import { type GatePorts, givenUntil, policyStandings } from './gate.ts';
import {
  ballotUnchanged,
  ballotWrite,
  type RequestRecord,
  requestFacts,
  requestTold,
  requestWrite,
  type Vote,
} from './request.ts';
import { type Standing, standingOf } from './standing.ts';

/** What changes a request. */
export interface Change {
  readonly votes?: readonly Vote[];
  readonly rejection?: { readonly memberId: string; readonly comment: string };
  readonly by?: { readonly actor: ActorOrEngine; readonly fact: AuditFact };
  /** What is to be written in the same transaction. */
  readonly beside?: readonly TableWrite[];
}

/**
 * Writes what has become of a request, with what it was for, in one transaction under the versions of all that it was
 * judged by: of those who do so at the same time one succeeds.
 * @returns undefined where somebody else was faster
 */
export async function move(ports: GatePorts, open: Case, change: Change): Promise<RequestRecord | undefined> {
  const { request, build, book, ballot, now } = open;
  const votes = change.votes ?? ballot.votes;
  const { authors } = request;
  const policies = open.standing.policies.map(({ policy }) => policy);
  const standing =
    change.votes === undefined ? open.standing : standingOf(policies, votes, { authors, voters: open.voters, now });
  const state = stateOf(open, standing, change);
  if (state === undefined) return request;
  const { givenUntil: _, ...kept } = request;
  const after: RequestRecord = {
    ...kept,
    state,
    policies: policyStandings(standing),
    ...givenUntil(standing),
    seen: { policies: book.revision, ballot: ballot.version + (change.votes === undefined ? 0 : 1) },
    ...(change.rejection === undefined ? {} : { rejection: change.rejection }),
    ...(state === 'pending'
      ? {}
      : {
          decidedAt: now.toISOString(),
          votes: standing.votes.filter(({ counts }) => counts.length > 0).map(({ vote }) => vote),
        }),
  };
  const engine = { tenantId: request.tenantId };
  const lapsed: AuditFact = { action: 'approval.expired', target: request.id, detail: requestFacts(after) };
  const writes: TableWrite[] = [
    requestWrite(after, open.version),
    change.votes === undefined ? ballotUnchanged(ballot) : ballotWrite(ballot, votes),
    book.unchanged,
    ...(change.by === undefined ? [] : [auditWrite(ports, change.by.actor, change.by.fact)]),
    ...(change.beside ?? []),
    ...(state === 'expired' ? [auditWrite(ports, engine, lapsed)] : []),
    ...(state === 'pending' || state === 'closed'
      ? []
      : [outboxWrite(ports, 'approval.decided', request.tenantId, requestTold(after))]),
  ];
  try {
    return (await writeOutcome(ports, after, build, writes)) ? after : undefined;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return undefined;
  }
}

/** What a request becomes; undefined where it stays as it is for now. */
function stateOf(open: Case, standing: Standing, change: Change): RequestRecord['state'] | undefined {
  const { request, build, now } = open;
  if (!isWaiting(open)) {
    // A cancellation that is under way ends it soon.
    const over = request.gate === 'publish' || build.endedAt !== undefined || build.state !== 'awaiting_approval';
    return over ? 'closed' : undefined;
  }
  if (change.rejection !== undefined) return 'rejected';
  if (new Date(request.expiresAt) <= now) return 'expired';
  return standing.met ? 'approved' : 'pending';
}

/** False where the build does not wait any more. */
async function writeOutcome(
  ports: GatePorts,
  request: RequestRecord,
  build: BuildRecord,
  writes: readonly TableWrite[],
): Promise<boolean> {
  const { state } = request;
  if (state === 'pending' || state === 'closed') {
    await ports.table.transact(writes);
    return true;
  }
  const approved = state === 'approved';
  let moved = false;
  const moving = (current: BuildRecord, next: () => { build: BuildRecord; writes?: readonly TableWrite[] }) => {
    moved = isWaiting({ request, build: current });
    if (!moved) return undefined;
    const { build: after, writes: own = [] } = next();
    return { build: after, writes: [...own, ...writes] };
  };
  if (request.gate === 'publish') {
    const publication = approved ? 'published' : 'refused';
    await updateBuild(ports.table, build.id, (current) =>
      moving(current, () => ({ build: { ...current, publication } })),
    );
  } else if (approved) {
    const queued = await queueBuild(ports, build.id, (current) =>
      moving(current, () => ({ build: { ...current, state: 'queued' } })),
    );
    if (moved && queued !== undefined) await joinWork(ports, queued);
  } else {
    await updateBuild(ports.table, build.id, (current) =>
      moving(current, () => endedBuild(ports, current, 'rejected', failureOf(request))),
    );
  }
  return moved;
}

/** Why a build did not come into the queue. */
function failureOf({ state, rejection, expiresAt, policies }: RequestRecord): Failure {
  if (state === 'rejected') {
    return { code: 'approval.rejected', reason: rejection?.comment ?? 'It was rejected.', logTail: [] };
  }
  const told = policies.map(({ name, needed, given }) => `${name} ${given} of ${needed}`).join(', ');
  const reason = `It was not approved until ${expiresAt}: approvals by policy ${told}.`;
  return { code: 'approval.expired', reason, logTail: [] };
}

/**
 * Looks at a request anew: it may have expired, its policies may be met or gone, what it was for may be over. Safe to
 * repeat.
 */
export async function judge(ports: GatePorts, tenantId: string, requestId: string): Promise<RequestRecord> {
  return untilDone(async () => {
    const open = await openCase(ports, wholeTenant(tenantId), requestId);
    return open.request.state === 'pending' ? move(ports, open, {}) : open.request;
  });
}
