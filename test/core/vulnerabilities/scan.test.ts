import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../core/errors.ts';
import { vulnerabilityPolicySchema } from '../../../core/vulnerabilities/policy.ts';
import { rebuildList } from '../../../core/vulnerabilities/rebuild-list.ts';
import { compareScans } from '../../../core/vulnerabilities/rescan.ts';
import { type ScanRecord, scanBuild, scanRecordSchema } from '../../../core/vulnerabilities/scan.ts';
import { isLookDue, standingOf } from '../../../core/vulnerabilities/standing.ts';
import { specWith } from '../plan/plan-fixtures.ts';
import { images, indexOf, sampleIndex } from './data-set.ts';

const now = new Date('2026-02-10T08:00:00.000Z');
const policy = vulnerabilityPolicySchema.parse({
  failOn: 'high',
  onlyFixed: true,
  waivers: [
    {
      advisory: 'CVE-2023-1001',
      package: 'openssl',
      reason: 'it is not served',
      owner: 'ops@example.org',
      expires: '2026-02-28',
    },
    { advisory: 'CVE-2023-1003', reason: 'it is not served', owner: 'ops@example.org', expires: '2026-02-01' },
    { advisory: 'CVE-2019-0001', reason: 'it is not served', owner: 'ops@example.org', expires: '2026-12-31' },
  ],
});
const scanOf = (more: Partial<Parameters<typeof scanBuild>[0]> = {}): ScanRecord =>
  scanBuild({
    ...{ buildId: 'bld_1', now, release: 'bookworm', packages: images.bookworm, index: sampleIndex(), policy },
    ownerProblem: (owner) => (owner === 'ops@example.org' ? undefined : 'unknown'),
    ...more,
  });

describe('a scan', () => {
  it('is a record of what was found, and of what the gate makes of it', () => {
    const scan = scanOf();
    expect(scanRecordSchema.parse(JSON.parse(JSON.stringify(scan)))).toEqual(scan);
    expect(scan).toMatchObject({
      ...{ kind: 'vulnerabilities', buildId: 'bld_1', at: '2026-02-10T08:00:00.000Z', release: 'bookworm' },
      data: { takenAt: '2026-02-03T04:05:06.789Z', forms: ['debian-tracker', 'osv'], skipped: 0 },
      ...{ packages: 9, unjudged: [], policy: { failOn: 'high', onlyFixed: true }, verdict: 'fail', cut: false },
      ...{ undetermined: 2, failing: 2, waived: 1 },
      counts: { critical: { found: 1, fixable: 0, waived: 0 }, high: { found: 3, fixable: 3, waived: 1 } },
      waiversVoid: [
        { advisory: 'CVE-2023-1003', expires: '2026-02-01', why: 'expired' },
        { advisory: 'CVE-2019-0001', expires: '2026-12-31', why: 'unused' },
      ],
    });
    const gates = scan.findings.flatMap(({ advisory, gate }) => (gate === undefined ? [] : [[advisory, gate]]));
    expect(gates).toEqual([
      ['CVE-2023-1001', 'waived'],
      ['CVE-2023-1003', 'fails'],
      ['CVE-2024-6001', 'fails'],
    ]);
    expect(scan.findings.find(({ gate }) => gate === 'waived')?.waiver).toEqual({
      ...{ reason: 'it is not served', owner: 'ops@example.org', expires: '2026-02-28' },
    });
  });

  it('of a spec without a policy passes', () => {
    const build = { buildId: 'bld_1', release: 'bookworm', packages: images.bookworm };
    const scan = scanBuild({ ...build, now, index: sampleIndex(), ownerProblem: () => undefined });
    expect(scan).toMatchObject({ verdict: 'pass', failing: 0, waived: 0, policy: { onlyFixed: false } });
    expect(scan.findings).toHaveLength(16);
  });

  it('is refused where the data says nothing of the release', () => {
    for (const release of ['jessie', 'toString']) {
      expect(() => scanOf({ release })).toThrow(EngineError);
      expect(() => scanOf({ release })).toThrow(/^vulnerabilities\.no_data: /);
    }
    // What the data says of a release may be that nothing is wrong.
    expect(scanOf({ release: 'trixie', packages: [] })).toMatchObject({ findings: [], packages: 0 });
  });

  it('names packages of which it knows nothing', () => {
    const packages = ['b-', 'a-'].map((version) => ({ name: `odd-${version}x`, version, architecture: 'all' }));
    expect(scanOf({ packages }).unjudged).toEqual(['odd-a-x', 'odd-b-x']);
  });

  it('looks at eight versions of a source package, however many an image claims to have', () => {
    const packages = Array.from({ length: 5_000 }, (_, number) => ({
      ...{ name: `bash-${number}`, version: `5.2.${number % 10}-2`, architecture: 'amd64', source: 'bash' },
    }));
    const scan = scanOf({ packages });
    expect(new Set(scan.findings.map(({ version }) => version)).size).toBe(8);
    expect(scan.unjudged.slice(0, 2)).toEqual(['bash-1008', 'bash-1009']);
    expect(scan.findings[0]?.binaryCount).toBe(500);
  });

  it('keeps the 5,000 most severe findings, and counts all', () => {
    const releases = { bookworm: { status: 'open', urgency: 'low' } };
    const worst = { releases: { bookworm: { status: 'open', urgency: 'high' } } };
    const issues = Array.from({ length: 5_200 }, (_, number) => [`CVE-2025-${10_000 + number}`, { releases }] as const);
    const index = indexOf({ bash: Object.fromEntries([...issues, ['CVE-2026-0001', worst]]) });
    const scan = scanOf({ index });
    expect(scanRecordSchema.parse(scan).findings).toHaveLength(5_000);
    expect(scan).toMatchObject({ cut: true, counts: { low: { found: 5_200 }, high: { found: 1 } } });
    expect(scan.findings[0]?.advisory).toBe('CVE-2026-0001');
    expect(compareScans(scan, scanOf()).incomplete).toBe(true);
  });

  it('keeps what an answer has room for, whatever names a tenant gives to packages', () => {
    const long = 'x'.repeat(150);
    const packages = Array.from({ length: 20 }, (_, number) => ({
      ...{ name: `${long}${number}`, version: `1.${'0'.repeat(150)}`, architecture: 'amd64' },
      ...{ source: 'bash', sourceVersion: '5.2.15-2' },
    }));
    const issues = Array.from({ length: 4_000 }, (_, number) => [
      `CVE-2025-${10_000 + number}`,
      { releases: { bookworm: { status: 'open', urgency: 'low' } } },
    ]);
    const scan = scanOf({ packages, index: indexOf({ bash: Object.fromEntries(issues) }) });
    expect(JSON.stringify(scan.findings).length).toBeLessThan(4_100_000);
    expect(scan).toMatchObject({ cut: true, counts: { low: { found: 4_000 } } });
    expect(scan.findings.length).toBeGreaterThan(400);
  });

  it('names the first twenty packages of a source, and counts all', () => {
    const packages = Array.from({ length: 30 }, (_, number) => ({
      ...{ name: `bash-${number}`, version: '5.2.15-2', architecture: 'amd64', source: 'bash' },
    }));
    const [finding] = scanOf({ packages }).findings;
    expect([finding?.binaries.length, finding?.binaryCount]).toEqual([20, 30]);
  });
});

describe('a scan with later data', () => {
  const bash = (issues: Record<string, object>) => ({
    bash: Object.fromEntries(Object.entries(issues).map(([id, bookworm]) => [id, { releases: { bookworm } }])),
  });
  const older = bash({
    'CVE-2026-0001': { status: 'open', urgency: 'not yet assigned' },
    'CVE-2026-0002': { status: 'open', urgency: 'high' },
    'CVE-2026-0003': { status: 'open', urgency: 'low' },
  });
  const newer = bash({
    'CVE-2026-0001': { status: 'resolved', fixed_version: '5.2.15-2+deb12u1', urgency: 'high' },
    'CVE-2026-0002': { status: 'resolved', fixed_version: '0', urgency: 'high' },
    'CVE-2026-0003': { status: 'open', urgency: 'low' },
    'CVE-2026-0004': { status: 'open', urgency: 'medium' },
  });
  const before = scanOf({ index: indexOf(older) });
  const after = scanOf({ index: indexOf(newer), now: new Date('2026-02-11T08:00:00.000Z') });

  it('tells what is new, what is gone and what has another standing, without the build', () => {
    const changes = compareScans(before, after);
    expect(changes.verdict).toEqual({ before: 'pass', after: 'fail' });
    expect(changes.appeared.map(({ advisory }) => advisory)).toEqual(['CVE-2026-0004']);
    expect(changes.gone.map(({ advisory }) => advisory)).toEqual(['CVE-2026-0002']);
    expect(changes.changed).toMatchObject([
      {
        before: { advisory: 'CVE-2026-0001', status: 'open', severity: 'unknown' },
        after: { status: 'fixed', severity: 'high', fixedIn: '5.2.15-2+deb12u1', gate: 'fails' },
      },
    ]);
    expect(changes.incomplete).toBe(false);
    expect(compareScans(after, after)).toMatchObject({ appeared: [], gone: [], changed: [] });
    expect(() => compareScans(before, { ...after, buildId: 'bld_2' })).toThrow(RangeError);
  });

  it('tells what has another place at the gate since its waiver ran out', () => {
    const later = scanOf({ now: new Date('2026-03-01T00:00:00.000Z') });
    expect(compareScans(scanOf(), later)).toMatchObject({
      ...{ appeared: [], gone: [] },
      changed: [{ before: { advisory: 'CVE-2023-1001', gate: 'waived' }, after: { gate: 'fails' } }],
    });
  });

  it('makes the list of what to rebuild, the most severe first', () => {
    expect(rebuildList([before])).toEqual([]);
    expect(rebuildList([before, after])).toEqual([
      {
        ...{ buildId: 'bld_1', at: '2026-02-11T08:00:00.000Z', severity: 'high', fixable: 1 },
        packages: [
          {
            ...{ source: 'bash', installed: '5.2.15-2', fixedIn: '5.2.15-2+deb12u1', severity: 'high' },
            ...{ advisories: ['CVE-2026-0001'], advisoryCount: 1 },
          },
        ],
      },
    ]);
    // The last scan of a build counts, in whatever order they come.
    const last = { ...before, at: '2026-02-12T08:00:00.000Z' };
    expect(rebuildList([after, last])).toEqual([]);
    expect(rebuildList([last, after])).toEqual([]);
  });
});

describe('the list of what to rebuild', () => {
  const debian = scanOf({ buildId: 'bld_debian' });
  const ubuntu = scanOf({ buildId: 'bld_ubuntu', release: 'noble', packages: images.noble });

  it('names per source package the version that has all fixes', () => {
    const list = rebuildList([ubuntu, debian]);
    expect(list.map(({ buildId, severity, fixable }) => [buildId, severity, fixable])).toEqual([
      // Of the worst severity they have as many, of the next one Ubuntu's has more.
      ['bld_ubuntu', 'high', 10],
      ['bld_debian', 'high', 8],
    ]);
    expect(
      list[1]?.packages.map(({ source, fixedIn, severity, advisoryCount }) => [
        source,
        fixedIn,
        severity,
        advisoryCount,
      ]),
    ).toEqual([
      ['counted', '1.4-2+a1', 'high', 1],
      ['openssl', '3.0.13-1~deb12u1', 'high', 2],
      ['vim', '3:1.0-1', 'medium', 3],
      ['bash', '5.2.15-3', 'unknown', 1],
      ['linux', '6.1.94-1', 'unknown', 1],
    ]);
    expect(list[0]?.packages.find(({ source }) => source === 'openssl')).toEqual({
      ...{ source: 'openssl', installed: '3.0.13-0ubuntu3.1', fixedIn: '3.0.13-0ubuntu3.9', severity: 'high' },
      ...{ advisories: ['CVE-2024-7003', 'CVE-2024-7001', 'CVE-2024-7015', 'CVE-2024-7011', 'CVE-2024-7017'] },
      advisoryCount: 5,
    });
  });

  it('puts more of the worst before more of the rest, then goes by id', () => {
    const [fixable] = debian.findings.filter(({ fixedIn }) => fixedIn !== undefined);
    if (fixable === undefined) throw new Error('the data set has fixes');
    const withFindings = (buildId: string, ...severities: (typeof fixable.severity)[]): ScanRecord => ({
      ...{ ...debian, buildId },
      findings: severities.map((severity, number) => ({
        ...fixable,
        advisory: `CVE-2026-${1_000 + number}`,
        severity,
      })),
    });
    const list = rebuildList([
      withFindings('d', 'high', 'low', 'low', 'low'),
      withFindings('c', 'high', 'medium'),
      withFindings('b', 'critical'),
      withFindings('a', 'high', 'medium'),
      withFindings('e', 'high', 'high'),
    ]);
    expect(list.map(({ buildId }) => buildId)).toEqual(['b', 'e', 'a', 'c', 'd']);
  });
});

describe('how a build stands', () => {
  const build = { id: 'bld_1', tenantId: 'ten_1', name: 'edge' };
  const standing = standingOf(build, specWith({}), scanOf(), 'scn_1');
  const { digest } = scanOf().data;
  const due = (at: string, by = digest) => isLookDue(standing, { digest: by, now: new Date(at) });

  it('is looked at again when the data is another, or a waiver that holds for something has run out', () => {
    expect(isLookDue(undefined, { digest, now })).toBe(true);
    expect(due('2026-02-10T08:00:00.000Z', 'f'.repeat(64))).toBe(true);
    expect(due('2026-02-28T23:59:59.999Z')).toBe(false);
    expect(due('2026-03-01T00:00:00.000Z')).toBe(true);
    const without = standingOf(build, specWith({}), scanOf({ policy: vulnerabilityPolicySchema.parse({}) }), 'scn_1');
    expect(isLookDue(without, { digest, now: new Date('2036-01-01T00:00:00.000Z') })).toBe(false);
  });

  it('says what a rebuild would bring, and whether it would bring anything', () => {
    expect(standing.rebuild).toMatchObject({ severity: 'high', fixable: 8, packageCount: 5 });
    expect(standing.pinned).toBeUndefined();
    const pinned = specWith({ base: { release: 'trixie', architecture: 'amd64', snapshot: '20260101T000000Z' } });
    expect(standingOf(build, pinned, scanOf(), 'scn_1').pinned).toBe(true);
    expect(standingOf(build, pinned, scanOf({ packages: [] }), 'scn_1').rebuild).toBeUndefined();
  });
});
