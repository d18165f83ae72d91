import type { Approval, ApprovalPolicy, BuildDetail } from '../sdk/generated/types.gen.ts';

type Standing = Pick<Approval, 'gate' | 'state' | 'needed' | 'given' | 'expiresAt' | 'voided'>;

/** One line: id, gate, state, how many have approved, until when, what. */
export function approvalLine(approval: Approval): string {
  const { id, gate, state, given, needed, expiresAt, buildId, name } = approval;
  const until = state === 'pending' ? `  until ${expiresAt.slice(0, 16)}Z` : '';
  return `${id}  ${gate.padEnd(7)}  ${state.padEnd(8)}  ${given} of ${needed}${until}  ${buildId}  ${name}`;
}

/** A request with its policies, and who has approved it. */
export function approvalText(approval: Approval): string {
  const { memberId, teamId, outputs, templates, costMicros, specDigest, policies, votes, you } = approval;
  const lines = [
    approvalLine(approval),
    `  asked for by ${memberId ?? 'nobody who is known'}${teamId === undefined ? '' : ` of the team ${teamId}`}`,
    `  outputs ${outputs.join(', ')}${templates.length === 0 ? '' : `, of ${templates.join(', ')}`}; about ${dollars(costMicros)}`,
    `  spec ${specDigest}`,
    ...policies.map(({ name, needed, given }) => `  policy ${name}: ${given} of ${needed}`),
    ...votes.map(({ memberId: who, at, comment, counts, code }) => {
      const why = counts ? '' : `  does not count  [${code ?? 'approval.voided'}]`;
      return `  approved by ${who} at ${at.slice(0, 16)}Z${comment === undefined ? '' : `: ${comment}`}${why}`;
    }),
  ];
  const voided = voidedText(approval);
  if (voided !== undefined) lines.push(`  ${voided}`);
  if (approval.reason !== undefined) lines.push(`  rejected by ${approval.rejectedBy ?? '-'}: ${approval.reason}`);
  if (you.mayDecide) lines.push(you.approved ? '  you have approved it' : '  it waits for you');
  return lines.join('\n');
}

/** One line of a policy: what it holds, and who may approve. */
export function policyLine({ name, gate, quorum, when, approvers, validSeconds }: ApprovalPolicy): string {
  const conditions = [
    ...(when.templates === undefined ? [] : [`templates ${when.templates.join(', ')}`]),
    ...(when.outputs === undefined ? [] : [`outputs ${when.outputs.join(', ')}`]),
    ...(when.teams === undefined ? [] : [`teams ${when.teams.join(', ')}`]),
    ...(when.costAboveMicros === undefined ? [] : [`above ${dollars(when.costAboveMicros)}`]),
  ];
  const who = [...(approvers.roles ?? []), ...(approvers.members ?? [])];
  const what = conditions.length === 0 ? 'every build' : conditions.join('; ');
  const of = who.length === 0 ? 'whoever may decide' : who.join(', ');
  return `${name}  ${gate}  ${quorum} of ${of}  for ${validSeconds} s  ${what}`;
}

/** What a build waits for; undefined where it waits for nobody. */
export function waitingText({ approval }: Pick<BuildDetail, 'approval'>): string | undefined {
  if (approval?.state !== 'pending') return undefined;
  const { id, gate, given, needed, expiresAt } = approval;
  const what = gate === 'build' ? 'waits for approval' : 'what it made is held until it is approved';
  const text = `${what}: ${given} of ${needed} by ${expiresAt.slice(0, 16)}Z (lbuild approvals show ${id})`;
  const voided = voidedText(approval);
  return voided === undefined ? text : `${text}; ${voided}`;
}

function voidedText({ voided }: Pick<Standing, 'voided'>): string | undefined {
  if (voided === undefined) return undefined;
  const { approvals, buildId, reason, code } = voided;
  const why = reason === 'spec_changed' ? 'the spec is another one' : 'the policy is another one';
  return `${approvals} approval(s) of ${buildId} do not count: ${why}  [${code}]`;
}

const dollars = (micros: number): string => `$${(micros / 1_000_000).toFixed(4)}`;
