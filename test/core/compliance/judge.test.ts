import { describe, expect, it } from 'vitest';
import { failingResults, judgeImage } from '../../../core/compliance/judge.ts';
import { complianceReportSchema } from '../../../core/compliance/report.ts';
import { type OwnerProblem, waiverProblem } from '../../../core/compliance/waiver.ts';
import { goodSpec, goodTree } from './good-tree.ts';
import { inspectTree, specWith, type Tree } from './judged-tree.ts';

const reason = 'The volume is encrypted by the cloud, see the runbook.';

async function judge(
  compliance: object,
  {
    tree = {},
    now = '2027-03-31T12:00:00Z',
    owners = {},
  }: { tree?: Tree; now?: string; owners?: Readonly<Record<string, OwnerProblem>> } = {},
) {
  const spec = specWith({ ...goodSpec, compliance });
  if (spec.compliance === undefined) throw new Error('the spec has no compliance');
  return judgeImage({
    ...{ spec, settings: spec.compliance, inspection: await inspectTree({ ...goodTree, ...tree }) },
    build: { evidence: true, specDigest: 'a'.repeat(64), approvals: 1 },
    now: new Date(now),
    ownerProblem: (owner) => owners[owner],
  });
}
const waiver = (check: string, over: object = {}) => ({
  check,
  reason,
  owner: 'ops@example.org',
  expires: '2027-03-31',
  ...over,
});

describe('a judged image', () => {
  it('passes a profile all of whose checks pass', async () => {
    const report = await judge({ profiles: ['base'] });
    expect(report.state).toBe('pass');
    expect(complianceReportSchema.parse(report)).toEqual(report);
    expect(report.profiles).toMatchObject([{ id: 'base', state: 'pass', counts: { fail: 0, manual: 0, waived: 0 } }]);
    expect(failingResults(report)).toEqual([]);
  });

  it('is manual where a person has to judge, and fails where a check does, each profile by itself', async () => {
    const report = await judge(
      { profiles: ['soc2', 'base'] },
      { tree: { 'etc/login.defs': 'UMASK 022\nENCRYPT_METHOD YESCRYPT\n' } },
    );
    expect(report.profiles.map(({ id, state }) => [id, state])).toEqual([
      ['base', 'fail'],
      ['soc2', 'manual'],
    ]);
    expect(report.state).toBe('fail');
    expect(failingResults(report).map(({ check }) => check)).toEqual(['umask', 'disk-encryption', 'vulnerabilities']);
  });

  it('gives the same report each time', async () => {
    const [one, other] = [
      await judge({ profiles: ['hipaa', 'pci-dss'] }),
      await judge({ profiles: ['pci-dss', 'hipaa'] }),
    ];
    expect(one).toEqual(other);
  });

  it('shows no control characters of the image', async () => {
    const report = await judge(
      { profiles: ['base'] },
      { tree: { 'etc/profile.d/timeout.sh': 'readonly TMOUT=9999\u001b[31m\n' } },
    );
    const found = report.results.find(({ check }) => check === 'session-timeout');
    expect(found?.state).toBe('fail');
    expect(JSON.stringify(found)).not.toContain('\\u001b');
  });

  it('has each profile’s checks counted by what came of them', async () => {
    const report = await judge(
      { profiles: ['soc2', 'base'], waivers: [waiver('disk-encryption'), waiver('umask')] },
      { tree: { 'etc/login.defs': 'UMASK 022\nENCRYPT_METHOD YESCRYPT\n' } },
    );
    for (const { id, counts } of report.profiles) {
      const own = report.results.filter(({ clauses }) => clauses[id] !== undefined);
      const count = (state: string) => own.filter((result) => result.state === state).length;
      expect(counts).toEqual({
        ...{ pass: count('pass'), fail: count('fail'), manual: count('manual') },
        not_applicable: count('not_applicable'),
        waived: own.filter((result) => result.waiver !== undefined).length,
      });
      expect(counts.pass).toBeGreaterThan(5);
    }
    const [base, soc2] = report.profiles.map(({ counts }) => counts);
    expect([base?.fail, base?.waived, soc2?.manual, soc2?.waived]).toEqual([1, 1, 2, 1]);
  });

  it('has values where a check takes any, and lines of a bounded length', async () => {
    const report = await judge(
      { profiles: ['base'] },
      { tree: { 'etc/profile.d/timeout.sh': `readonly TMOUT=9${'9'.repeat(900)}\n` } },
    );
    const values = report.results.filter((result) => 'values' in result);
    expect(values.length).toBeGreaterThan(0);
    expect(values.length).toBeLessThan(report.results.length);
    for (const result of values) expect(Object.keys(result.values ?? {})).not.toEqual([]);
    for (const { evidence } of report.results) {
      for (const line of evidence) expect(line.length).toBeLessThanOrEqual(500);
    }
  });

  it('is judged with what the spec tailors', async () => {
    const report = await judge({ profiles: ['pci-dss'], tailoring: { 'password-lockout': { attempts: 5 } } });
    const found = report.results.find(({ check }) => check === 'password-lockout');
    expect(found).toMatchObject({ state: 'fail', values: { attempts: 5, seconds: 1_800 } });
  });
});

describe('a waiver', () => {
  const both = [waiver('disk-encryption'), waiver('vulnerabilities')];

  it('lets a check be that is manual or fails, through its last day', async () => {
    const report = await judge({ profiles: ['soc2'], waivers: both }, { now: '2027-03-31T23:59:59.999Z' });
    expect(report).toMatchObject({ state: 'waived', voidWaivers: [] });
    expect(failingResults(report)).toEqual([]);
    expect(report.results.filter(({ waiver: held }) => held !== undefined)).toHaveLength(2);
  });

  it('holds no longer on the next day', async () => {
    const report = await judge({ profiles: ['soc2'], waivers: both }, { now: '2027-04-01T00:00:00Z' });
    expect(report.state).toBe('manual');
    expect(report.voidWaivers).toMatchObject([
      { check: 'disk-encryption', problem: 'expired' },
      { check: 'vulnerabilities', problem: 'expired' },
    ]);
    expect(failingResults(report)).toHaveLength(2);
  });

  it.each([
    ['unknown', 'unknown'],
    ['suspended', 'suspended'],
    ['not_permitted', 'not_permitted'],
  ] as const)('holds not where its owner is %s', async (_, problem) => {
    const report = await judge({ profiles: ['soc2'], waivers: both }, { owners: { 'ops@example.org': problem } });
    expect(report.voidWaivers.map((one) => one.problem)).toEqual([problem, problem]);
    expect(report.state).toBe('manual');
  });

  it('holds not where it would for more than a year', async () => {
    const report = await judge({ profiles: ['soc2'], waivers: [waiver('disk-encryption', { expires: '2028-04-02' })] });
    expect(report.voidWaivers).toMatchObject([{ problem: 'too_long' }]);
  });

  it('holds not on a day that there is not', () => {
    const terms = { ...waiver('umask'), expires: '2027-04-31' };
    expect(waiverProblem(terms, new Date('2027-03-31T12:00:00Z'), undefined)).toBe('expired');
  });

  it('that is not needed is told', async () => {
    const report = await judge({ profiles: ['base'], waivers: [waiver('umask')] });
    expect(report).toMatchObject({ state: 'pass', unusedWaivers: ['umask'] });
    expect(report.results.every(({ waiver: held }) => held === undefined)).toBe(true);
  });

  it('that does not hold is void and not unused, and those beside it hold', async () => {
    const waivers = [waiver('umask', { expires: '2027-03-30' }), waiver('disk-encryption'), waiver('vulnerabilities')];
    const report = await judge({ profiles: ['base', 'soc2'], waivers });
    expect(report.voidWaivers).toEqual([{ ...waivers[0], problem: 'expired' }]);
    expect(report.unusedWaivers).toEqual([]);
    expect(report.state).toBe('waived');
    const held = report.results.flatMap(({ check, waiver: one }) => (one === undefined ? [] : [[check, one]]));
    const terms = { reason, owner: 'ops@example.org', expires: '2027-03-31' };
    expect(held.sort()).toEqual([
      ['disk-encryption', terms],
      ['vulnerabilities', terms],
    ]);
  });
});
