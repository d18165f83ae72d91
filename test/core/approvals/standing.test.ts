import { describe, expect, it } from 'vitest';
import { type ApprovalFacts, conditionsHold, policyDigest } from '../../../core/approvals/policy.ts';
import { commentSchema } from '../../../core/approvals/request.ts';
import { mayApprove, standingOf, type Voter } from '../../../core/approvals/standing.ts';
import { identityOf } from '../../../core/approvals/voters.ts';
import { samplePolicy, sampleVote, sampleVoter } from './approval-samples.ts';

const now = new Date('2026-11-27T00:30:00.000Z');
const voters = (...all: Voter[]) => new Map(all.map((voter) => [voter.memberId, voter]));

describe('conditions', () => {
  const facts: ApprovalFacts = { templates: ['tpl_1'], outputs: ['iso', 'tar'], teamId: 'team_1', costMicros: 500 };
  it.each([
    [{}, true],
    [{ outputs: ['iso'] }, true],
    [{ outputs: ['raw'] }, false],
    [{ outputs: ['raw', 'tar'] }, true],
    [{ teams: ['team_1'] }, true],
    [{ teams: ['team_2'] }, false],
    [{ templates: ['tpl_1', 'tpl_2'] }, true],
    [{ templates: ['tpl_2'] }, false],
    [{ costAboveMicros: 499 }, true],
    [{ costAboveMicros: 500 }, false],
    [{ outputs: ['iso'], costAboveMicros: 500 }, false],
    [{ outputs: ['iso'], teams: ['team_1'], templates: ['tpl_1'], costAboveMicros: 0 }, true],
  ] as const)('%j hold: %s', (when, expected) => {
    const mutable = JSON.parse(JSON.stringify(when));
    expect(conditionsHold(mutable, facts)).toBe(expected);
  });

  it('of a team do not hold for a build of none', () => {
    const { teamId: _, ...rest } = facts;
    expect(conditionsHold({ teams: ['team_1'] }, rest)).toBe(false);
  });
});

describe('an approver', () => {
  const robot = sampleVoter('mem_r', { kind: 'service' });
  it.each([
    ['a person where nobody is named', {}, sampleVoter('mem_1', { roles: [] }), true],
    ['nobody who may not decide', {}, sampleVoter('mem_1', { decides: false }), false],
    ['not who is named and may not decide', { members: ['mem_1'] }, sampleVoter('mem_1', { decides: false }), false],
    ['a person with a role', { roles: ['approver'] }, sampleVoter('mem_1'), true],
    ['not one with another role', { roles: ['owner'] }, sampleVoter('mem_1'), false],
    ['a member', { members: ['mem_1'] }, sampleVoter('mem_1', { roles: [] }), true],
    ['not another member', { members: ['mem_2'] }, sampleVoter('mem_1'), false],
    ['a member or one with a role', { members: ['mem_2'], roles: ['approver'] }, sampleVoter('mem_1'), true],
    ['no service account where nobody is named', {}, robot, false],
    ['no service account by its role', { roles: ['approver'] }, robot, false],
    ['a service account that is named', { members: ['mem_r'] }, robot, true],
  ] as const)('is %s', (_what, approvers, voter, expected) => {
    expect(mayApprove(samplePolicy({ approvers: JSON.parse(JSON.stringify(approvers)) }), voter)).toBe(expected);
  });

  it('that is a service account is whoever added it', () => {
    expect(identityOf({ memberId: 'mem_r', kind: 'service', addedBy: 'mem_1' })).toBe('mem_1');
    expect(identityOf({ memberId: 'mem_r', kind: 'service' })).toBe('mem_r');
    expect(identityOf({ memberId: 'mem_2', kind: 'person', addedBy: 'mem_1' })).toBe('mem_2');
  });
});

describe('an approval', () => {
  const policy = samplePolicy();
  const digest = policyDigest(policy);
  const judged = (vote = sampleVote('mem_1', [digest]), voter = sampleVoter('mem_1'), authors: string[] = []) =>
    standingOf([policy], [vote], { authors, voters: voters(voter), now });

  it('counts until its time is over', () => {
    const { met, votes } = judged();
    expect([met, votes[0]?.counts]).toEqual([true, ['four-eyes']]);
    expect(votes[0]?.until).toBe(new Date('2026-11-27T01:00:00.000Z').getTime());
  });

  it.each([
    ['approval.voided', judged(sampleVote('mem_1', ['0'.repeat(64)]))],
    ['approval.expired', judged(sampleVote('mem_1', [digest], { at: '2026-11-26T23:30:00.000Z' }))],
    ['approval.self', judged(undefined, undefined, ['mem_1'])],
    ['approval.self', judged(undefined, sampleVoter('mem_1', { identity: 'mem_9' }), ['mem_9'])],
    ['approval.not_eligible', judged(undefined, sampleVoter('mem_1', { decides: false }))],
    ['approval.not_eligible', judged(undefined, sampleVoter('mem_2'))],
  ])('does not count: %s', (code, { met, given, votes }) => {
    expect([met, given, votes[0]?.code, votes[0]?.counts]).toEqual([false, 0, code, []]);
  });

  it('of one person counts once, by however many accounts', () => {
    const twice = samplePolicy({ quorum: 2, approvers: { members: ['mem_1', 'mem_r'] } });
    const votes = ['mem_1', 'mem_r'].map((member) => sampleVote(member, [policyDigest(twice)]));
    const people = voters(sampleVoter('mem_1'), sampleVoter('mem_r', { kind: 'service', identity: 'mem_1' }));
    expect(standingOf([twice], votes, { authors: [], voters: people, now })).toMatchObject({ met: false, given: 1 });
  });

  it('counts for each policy that it was given under and that names who gave it', () => {
    const owners = samplePolicy({ name: 'owners', approvers: { roles: ['owner'] }, quorum: 1 });
    const both = [policyDigest(policy), policyDigest(owners)];
    const standing = standingOf([policy, owners], [sampleVote('mem_1', both)], {
      ...{ authors: [], voters: voters(sampleVoter('mem_1')), now },
    });
    expect(standing).toMatchObject({ met: false, needed: 2, given: 1, votes: [{ counts: ['four-eyes'] }] });
    expect(standingOf([], [], { authors: [], voters: new Map(), now }).met).toBe(true);
  });

  it('is void under any change of a policy but of what is for people to read', () => {
    const changes = [
      { gate: 'publish' as const },
      { when: { outputs: ['iso' as const] } },
      { approvers: { roles: ['owner'] } },
      { quorum: 2 },
      { validSeconds: 60 },
      { revision: 2 },
      { name: 'other' },
    ];
    for (const change of changes) expect(policyDigest(samplePolicy(change))).not.toBe(digest);
    expect(policyDigest(samplePolicy({ description: 'other' }))).toBe(digest);
  });
});

describe('a comment', () => {
  it.each(['fine', 'Käse & naïve — 漢字', 'x'.repeat(1_000)])('is %j', (text) => {
    expect(commentSchema.safeParse(text).success).toBe(true);
  });
  it.each(['', 'a\nb', 'a\u0000', '\u001b[2J', '\u202e', '\u2066a', '\u2028', '\ud800', 'x'.repeat(1_001)])(
    'is not %j',
    (text) => {
      expect(commentSchema.safeParse(text).success).toBe(false);
    },
  );
});
