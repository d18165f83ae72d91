import { type Reach, reaches } from '../access/reach.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { EngineError } from '../errors.ts';
import type { GatePorts } from './gate.ts';
import { requestPlace } from './places.ts';
import { policiesFor } from './policy.ts';
import { type PolicyBook, readPolicies } from './policy-repository.ts';
import { type Ballot, ballotKeyOf, type RequestRecord, readBallot, readRequest } from './request.ts';
import { type Standing, standingOf, type Voter } from './standing.ts';
import { readVoters } from './voters.ts';

/** All that a request is judged by, as it is now. */
export interface Case {
  readonly request: RequestRecord;
  readonly version: number;
  readonly build: BuildRecord;
  readonly book: PolicyBook;
  readonly ballot: Ballot;
  readonly voters: ReadonlyMap<string, Voter>;
  readonly standing: Standing;
  readonly now: Date;
}

/**
 * The request with all that it is judged by.
 * @param more members to be known beside those who have approved
 * @throws EngineError approval.not_found, also for one that is out of reach
 */
export async function openCase(
  { table, clock }: Pick<GatePorts, 'table' | 'clock'>,
  reach: Reach,
  requestId: string,
  more: readonly string[] = [],
): Promise<Case> {
  const stored = await table.get(requestPlace(requestId));
  if (stored === undefined) throw missingRequest();
  const { value: request, version } = readRequest(stored);
  const { tenantId, facts } = request;
  const { teamId } = facts;
  if (!reaches(reach, { tenantId, teamId })) throw missingRequest();
  const book = await readPolicies(table, tenantId);
  const key = ballotKeyOf(request);
  const [found, votes] = await Promise.all([findBuild(table, request.buildId), table.get(key)]);
  if (found === undefined) throw new Error(`the build ${request.buildId} is missing`);
  const ballot = readBallot(key, votes);
  const voters = await readVoters(table, { tenantId, teamId }, [
    ...ballot.votes.map(({ memberId }) => memberId),
    ...more,
  ]);
  const now = clock.now();
  const policies = policiesFor(book.policies, request.gate, facts);
  const standing = standingOf(policies, ballot.votes, { authors: request.authors, voters, now });
  return { request, version, build: found.value, book, ballot, voters, standing, now };
}

/** Whether a build still waits for what a request asks. */
export function isWaiting({ request, build }: Pick<Case, 'request' | 'build'>): boolean {
  return request.gate === 'build'
    ? build.state === 'awaiting_approval' && build.cancelRequestedAt === undefined
    : build.state === 'succeeded' && build.publication === 'held';
}

export function missingRequest(): EngineError {
  return new EngineError('approval.not_found', 'The tenant has no such request for approval.');
}
