import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Finding } from '../../../core/vulnerabilities/finding.ts';
import { countsSchema, judge } from '../../../core/vulnerabilities/gate.ts';
import { vulnerabilityLimits } from '../../../core/vulnerabilities/limits.ts';
import { thresholds, vulnerabilityPolicySchema } from '../../../core/vulnerabilities/policy.ts';
import { severities } from '../../../core/vulnerabilities/severity.ts';

const finding = (advisory: string, severity: Finding['severity'], more: Partial<Finding> = {}): Finding => ({
  ...{ advisory, source: 'bash', version: '5.2.15-2', binaries: [], binaryCount: 1, status: 'open' },
  ...{ severity, severitySource: severity === 'unknown' ? 'none' : 'distribution', description: '', references: [] },
  ...more,
});
const fixed: Partial<Finding> = { status: 'fixed', fixedIn: '5.2.15-3' };
const findings = [
  finding('CVE-2026-0001', 'critical'),
  finding('CVE-2026-0002', 'high', fixed),
  finding('CVE-2026-0002', 'high', { ...fixed, source: 'dash' }),
  finding('CVE-2026-0003', 'medium', fixed),
  finding('CVE-2026-0004', 'low'),
  finding('CVE-2026-0005', 'negligible', fixed),
  finding('CVE-2026-0006', 'unknown', fixed),
  finding('CVE-2026-0007', 'high', { status: 'undetermined' }),
];

type Input = z.input<typeof vulnerabilityPolicySchema>;
const now = new Date('2026-06-15T12:00:00.000Z');
const waiver = (advisory: string, more: object = {}) => ({
  ...{ advisory, reason: 'the shell is not reachable', owner: 'ops@example.org', expires: '2026-06-30' },
  ...more,
});
const judged = (policy: Input, at = now, of: readonly Finding[] = findings) =>
  judge(of, vulnerabilityPolicySchema.parse(policy), {
    now: at,
    ownerProblem: (owner) => (owner === 'ops@example.org' ? undefined : 'unknown'),
  });
const names = (list: readonly Finding[]) => list.map(({ advisory, source }) => `${advisory.slice(-1)} ${source}`);

describe('the gate', () => {
  it.each([
    [{}, []],
    [{ onlyFixed: true }, []],
    [{ failOn: 'critical' }, ['1 bash']],
    [{ failOn: 'high' }, ['1 bash', '2 bash', '2 dash']],
    [{ failOn: 'medium' }, ['1 bash', '2 bash', '2 dash', '3 bash']],
    [{ failOn: 'low' }, ['1 bash', '2 bash', '2 dash', '3 bash', '4 bash']],
    [{ failOn: 'critical', onlyFixed: true }, []],
    [{ failOn: 'low', onlyFixed: true }, ['2 bash', '2 dash', '3 bash']],
  ] satisfies [Input, string[]][])('with %j fails by %j', (policy, failing) => {
    const judgement = judged(policy);
    expect(names(judgement.failing)).toEqual(failing);
    expect(judgement.verdict).toBe(failing.length === 0 ? 'pass' : 'fail');
  });

  it('counts by severity what has a fix and what is waived, and apart what nobody knows', () => {
    const { counts, undetermined } = judged({ waivers: [waiver('CVE-2026-0002', { package: 'dash' })] });
    expect(countsSchema.parse(counts)).toEqual({
      critical: { found: 1, fixable: 0, waived: 0 },
      high: { found: 2, fixable: 2, waived: 1 },
      medium: { found: 1, fixable: 1, waived: 0 },
      low: { found: 1, fixable: 0, waived: 0 },
      negligible: { found: 1, fixable: 1, waived: 0 },
      unknown: { found: 1, fixable: 1, waived: 0 },
    });
    expect(undetermined).toBe(1);
  });

  it('never fails by what a stricter threshold passes', () => {
    const anyFinding = fc
      .record({ id: fc.nat(20), severity: fc.constantFrom(...severities), isFixed: fc.boolean() })
      .map(({ id, severity, isFixed }) => finding(`CVE-2026-${1_000 + id}`, severity, isFixed ? fixed : {}));
    fc.assert(
      fc.property(fc.array(anyFinding), fc.boolean(), (some, onlyFixed) => {
        const failing = thresholds.map((failOn) => judged({ failOn, onlyFixed }, now, some).failing);
        for (const [place, list] of failing.entries()) {
          expect(list.every((one) => place === 0 || failing[place]?.includes(one))).toBe(true);
          expect(failing[place - 1]?.every((one) => list.includes(one)) ?? true).toBe(true);
        }
        const { counts, undetermined } = judged({}, now, some);
        expect(Object.values(counts).reduce((sum, { found }) => sum + found, undetermined)).toBe(some.length);
      }),
    );
  });
});

describe('a waiver', () => {
  it.each([
    ['holds', {}, '2026-06-15T12:00:00.000Z', undefined],
    ['holds to the end of its last day in UTC', {}, '2026-06-30T23:59:59.999Z', undefined],
    ['does not hold a moment later', {}, '2026-07-01T00:00:00.000Z', 'expired'],
    ['does not hold where nobody has the name of its owner', { owner: 'gone' }, '2026-06-15T12:00:00.000Z', 'unknown'],
    ['is expired before all else', { owner: 'gone' }, '2026-07-01T00:00:00.000Z', 'expired'],
  ])('%s', (_what, more, at, why) => {
    const given = waiver('CVE-2026-0001', more);
    const judgement = judged({ failOn: 'critical', waivers: [given] }, new Date(at));
    expect(judgement.verdict).toBe(why === undefined ? 'pass' : 'fail');
    expect(names(judgement.failing)).toEqual(why === undefined ? [] : ['1 bash']);
    expect(judgement.waived).toEqual(why === undefined ? [{ finding: findings[0], waiver: given }] : []);
    expect(judgement.waiversVoid).toEqual(why === undefined ? [] : [{ waiver: given, why }]);
  });

  it('of a package is for that one alone, and of none for each', () => {
    const one = judged({ failOn: 'high', waivers: [waiver('CVE-2026-0002', { package: 'dash' })] });
    expect(names(one.failing)).toEqual(['1 bash', '2 bash']);
    const all = judged({ failOn: 'high', waivers: [waiver('CVE-2026-0002')] });
    expect(names(all.failing)).toEqual(['1 bash']);
    expect(names(all.waived.map((entry) => entry.finding))).toEqual(['2 bash', '2 dash']);
  });

  it('is told of where it matches nothing, and not where what it matches would not fail', () => {
    const given = [
      waiver('CVE-2026-0004'),
      waiver('CVE-2026-0007'),
      waiver('CVE-2026-0002', { package: 'zsh' }),
      waiver('CVE-2026-9999'),
    ];
    const { waived, waiversVoid } = judged({ failOn: 'critical', waivers: given });
    expect(names(waived.map((entry) => entry.finding))).toEqual(['4 bash', '7 bash']);
    expect(waiversVoid).toEqual([
      { waiver: given[2], why: 'unused' },
      { waiver: given[3], why: 'unused' },
    ]);
  });

  it('that has expired leaves another one for the same thing in force', () => {
    const given = [waiver('CVE-2026-0001', { expires: '2026-01-01' }), waiver('CVE-2026-0001', { package: 'bash' })];
    const { verdict, waived, waiversVoid } = judged({ failOn: 'critical', waivers: given });
    expect([verdict, waived[0]?.waiver, waiversVoid.map(({ why }) => why)]).toEqual(['pass', given[1], ['expired']]);
  });
});

describe('the section of a spec', () => {
  it('reports only, unless it says otherwise', () => {
    expect(vulnerabilityPolicySchema.parse({})).toEqual({ onlyFixed: false, waivers: [] });
  });

  const waivers = (more: object) => ({ waivers: [waiver('CVE-2026-0001', more)] });
  it.each([
    ['a threshold that is none', { failOn: 'unknown' }, 'failOn', undefined],
    ['a member that there is not', { failon: 'low' }, '', undefined],
    ['a waiver without a reason', waivers({ reason: undefined }), 'waivers.0.reason', undefined],
    ['an empty reason', waivers({ reason: '  ' }), 'waivers.0.reason', 'spec.invalid_value'],
    ['a reason of two lines', waivers({ reason: 'a\nb' }), 'waivers.0.reason', 'spec.invalid_value'],
    [
      'a reason that turns its own direction',
      waivers({ reason: 'a\u202eb' }),
      'waivers.0.reason',
      'spec.invalid_value',
    ],
    ['a reason without an end', waivers({ reason: 'a'.repeat(501) }), 'waivers.0.reason', 'spec.too_large'],
    ['an owner without a name', waivers({ owner: '' }), 'waivers.0.owner', 'spec.invalid_value'],
    ['a date that there is not', waivers({ expires: '2026-02-30' }), 'waivers.0.expires', 'spec.invalid_value'],
    ['a time', waivers({ expires: '2026-02-03T00:00:00Z' }), 'waivers.0.expires', 'spec.too_large'],
    ['an advisory of another form', waivers({ advisory: 'cve 2026' }), 'waivers.0.advisory', 'spec.invalid_value'],
    ['a pattern of advisories', waivers({ advisory: 'CVE-2026-*' }), 'waivers.0.advisory', 'spec.invalid_value'],
    ['a package of another form', waivers({ package: 'Bash' }), 'waivers.0.package', 'spec.invalid_value'],
    [
      'the same waiver twice',
      { waivers: [waiver('CVE-2026-0001'), waiver('CVE-2026-0001', { package: 'bash' }), waiver('CVE-2026-0001')] },
      ...(['waivers.2.advisory', 'spec.duplicate_name'] as const),
    ],
    [
      'too many waivers',
      { waivers: Array.from({ length: vulnerabilityLimits.waivers + 1 }, (_, number) => waiver(`CVE-2026-${number}`)) },
      ...(['waivers', undefined] as const),
    ],
  ] as const)('refuses %s', (_what, section, path, code) => {
    const { error } = vulnerabilityPolicySchema.safeParse(section);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
    const [issue] = error?.issues ?? [];
    if (code === undefined) return;
    expect(issue).toMatchObject({ code: 'custom', params: { code, remedy: expect.stringMatching(/^[A-Z].*[.,]/) } });
  });
});
