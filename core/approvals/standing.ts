import type { ErrorCode } from '../errors.ts';
import { type PolicyRecord, policyDigest } from './policy.ts';
import type { Vote } from './request.ts';

/** Who gave an approval, as they are now. */
export interface Voter {
  readonly memberId: string;
  readonly kind: 'person' | 'service';
  /** In the tenant, and in the team of what is judged. */
  readonly roles: readonly string[];
  /** Who they are beside others: of a service account whoever added it. */
  readonly identity: string;
  /** In the tenant, not suspended, and with the permission approvals:decide, there or in that team. */
  readonly decides: boolean;
}

/** How an approval counts towards one policy: the end of its validity, or why it does not count. */
type Verdict = { readonly until: number } | { readonly code: ErrorCode };

/** How one policy stands. */
export interface PolicyStanding {
  readonly policy: PolicyRecord;
  readonly needed: number;
  /** At most as many as are needed. */
  readonly given: number;
}

export interface VoteStanding {
  readonly vote: Vote;
  /** Policies that it counts for. */
  readonly counts: readonly string[];
  /** Why it counts for none. */
  readonly code?: ErrorCode;
  /** When it ends, of one that counts: milliseconds of the epoch. */
  readonly until?: number;
}

export interface Standing {
  readonly policies: readonly PolicyStanding[];
  readonly votes: readonly VoteStanding[];
  readonly needed: number;
  readonly given: number;
  /** Each policy has its quorum. */
  readonly met: boolean;
}

/** Whether a policy names somebody among those who may approve. */
export function mayApprove({ approvers }: PolicyRecord, voter: Voter): boolean {
  if (!voter.decides) return false;
  if (approvers.members?.includes(voter.memberId) === true) return true;
  if (voter.kind === 'service') return false;
  if (approvers.roles === undefined) return approvers.members === undefined;
  return approvers.roles.some((role) => voter.roles.includes(role));
}

/** Whether somebody would approve what is their own. */
export const isAuthor = (authors: readonly string[], voter: Voter): boolean =>
  authors.includes(voter.memberId) || authors.includes(voter.identity);

/**
 * How a build stands before its policies. An approval counts for a policy that it was given under, as that is now, while
 * it is valid, of somebody who may approve now and is no author; of one person once.
 * @param policies those that hold the build
 * @param voters by member id; somebody who is missing is in the tenant no more
 */
export function standingOf(
  policies: readonly PolicyRecord[],
  votes: readonly Vote[],
  by: { readonly authors: readonly string[]; readonly voters: ReadonlyMap<string, Voter>; readonly now: Date },
): Standing {
  const known = policies.map((policy) => ({ policy, digest: policyDigest(policy) }));
  const judged = votes.map((vote) => ({
    vote,
    verdicts: known.map(({ policy, digest }) => ({ name: policy.name, verdict: verdictOf(vote, policy, digest, by) })),
  }));
  const standings = policies.map((policy): PolicyStanding => {
    const people = judged.flatMap(({ vote, verdicts }) =>
      verdicts.some(({ name, verdict }) => name === policy.name && 'until' in verdict)
        ? [by.voters.get(vote.memberId)?.identity]
        : [],
    );
    return { policy, needed: policy.quorum, given: Math.min(policy.quorum, new Set(people).size) };
  });
  const sum = (of: 'needed' | 'given'): number => standings.reduce((total, standing) => total + standing[of], 0);
  return {
    policies: standings,
    votes: judged.map(({ vote, verdicts }) => voteStanding(vote, verdicts)),
    needed: sum('needed'),
    given: sum('given'),
    met: standings.every(({ needed, given }) => given >= needed),
  };
}

function verdictOf(
  vote: Vote,
  policy: PolicyRecord,
  digest: string,
  { authors, voters, now }: Parameters<typeof standingOf>[2],
): Verdict {
  if (!vote.policies.includes(digest)) return { code: 'approval.voided' };
  const until = new Date(vote.at).getTime() + policy.validSeconds * 1_000;
  if (until <= now.getTime()) return { code: 'approval.expired' };
  const voter = voters.get(vote.memberId);
  if (voter === undefined || !mayApprove(policy, voter)) return { code: 'approval.not_eligible' };
  return isAuthor(authors, voter) ? { code: 'approval.self' } : { until };
}

function voteStanding(
  vote: Vote,
  verdicts: readonly { readonly name: string; readonly verdict: Verdict }[],
): VoteStanding {
  const good = verdicts.flatMap(({ name, verdict }) => ('until' in verdict ? [{ name, until: verdict.until }] : []));
  if (good.length > 0) {
    return { vote, counts: good.map(({ name }) => name), until: Math.min(...good.map(({ until }) => until)) };
  }
  const codes = verdicts.flatMap(({ verdict }) => ('code' in verdict ? [verdict.code] : []));
  // Under a policy that it was not given under it is void; where it was given under one, that one's reason says more.
  return { vote, counts: [], code: codes.find((code) => code !== 'approval.voided') ?? 'approval.voided' };
}
