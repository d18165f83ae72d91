import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  attemptAfter,
  attemptSchema,
  refusalOf,
  wantedFixes,
  wasTriedFor,
} from '../../../core/rebuilds/attempt.ts';
import { mostTries, whyLeft } from '../../../core/rebuilds/why-left.ts';
import type { PackageToUpdate } from '../../../core/vulnerabilities/rebuild-list.ts';
import type { Severity } from '../../../core/vulnerabilities/severity.ts';

const packageOf = (source: string, fixedIn: string, severity: Severity = 'high'): PackageToUpdate => ({
  ...{ source, installed: '1', fixedIn, severity, advisories: ['CVE-2026-0001'], advisoryCount: 1 },
});
const about = {
  ...{ lineage: 'l', of: 'bld_1', at: '2026-11-28T08:00:00.000Z', dataDigest: 'd', scanId: 'scn_1' },
  severity: 'high',
} as const;

describe('what a rebuild is to bring', () => {
  it('is each source package once, by the newest version, where it is severe enough', () => {
    const packages = [
      packageOf('linux', '6.1.9-1', 'critical'),
      packageOf('linux', '6.1.10-1'),
      packageOf('bash', '5.2-2', 'medium'),
    ];
    expect(wantedFixes(packages, 'high')).toEqual([{ source: 'linux', fixedIn: '6.1.10-1' }]);
    expect(wantedFixes(packages, 'medium')).toHaveLength(2);
    expect(wantedFixes(packages, 'low')).toHaveLength(2);
  });

  it('was tried for where all of it was, by versions in the order of dpkg', () => {
    const before = attemptAfter(undefined, { ...about, wanted: [{ source: 'linux', fixedIn: '6.1.10-1' }] });
    expect(wasTriedFor([{ source: 'linux', fixedIn: '6.1.9-1' }], before)).toBe(true);
    expect(wasTriedFor([{ source: 'linux', fixedIn: '6.1.10-1~deb12u1' }], before)).toBe(true);
    expect(wasTriedFor([{ source: 'linux', fixedIn: '1:0.1' }], before)).toBe(false);
    expect(
      wasTriedFor(
        [
          { source: 'linux', fixedIn: '6.1.9-1' },
          { source: 'bash', fixedIn: '1' },
        ],
        before,
      ),
    ).toBe(false);
    expect(wasTriedFor([{ source: 'linux', fixedIn: '6.1.9-1' }], undefined)).toBe(false);
  });

  it('keeps what it is for, whatever was tried for before, and is stored in a bounded record', () => {
    const many = Array.from({ length: 400 }, (_, at) => ({ source: `old-${at}`, fixedIn: '1' }));
    const before = attemptAfter(undefined, { ...about, wanted: many });
    const next = attemptAfter(before, { ...about, wanted: [{ source: 'zz', fixedIn: '2' }] });
    expect(next.wanted).toHaveLength(400);
    expect(next.wanted[0]).toEqual({ source: 'zz', fixedIn: '2' });
    const refused = { ...next, refusal: refusalOf('spec.invalid', 'x'.repeat(2_000)) };
    expect(attemptSchema.parse(refused).refusal?.reason).toHaveLength(500);
  });
});

describe('rebuilds of an image that no rebuild mends', () => {
  const fixes = fc.uniqueArray(
    fc.record({ source: fc.constantFrom('a', 'b', 'c'), version: fc.integer({ min: 1, max: 4 }) }),
    {
      ...{ minLength: 1, maxLength: 3 },
      selector: ({ source }) => source,
    },
  );
  const run = fc.record({
    fixes,
    data: fc.constantFrom('1', '2', '3', '4'),
    days: fc.nat(2),
    outcome: fc.constantFrom('failed', 'succeeded', 'refused', 'cancelled', 'rejected'),
  });

  it('end, whatever the data says in whatever order: no more than three follow on each newer fix', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 60 }), (runs) => {
        let attempt: Attempt | undefined;
        let lastState: 'failed' | 'succeeded' | 'cancelled' | 'rejected' | undefined;
        let day = Date.parse('2026-01-01T00:00:00.000Z');
        let [tries, newer] = [0, 0];
        const submittedBy: string[] = [];
        for (const { fixes: found, data, days, outcome } of runs) {
          day += days * 86_400_000;
          const packages = found.map(({ source, version }) => packageOf(source, String(version)));
          const dataDigest = data.repeat(64);
          const now = new Date(day);
          const left = whyLeft(
            {
              ...{ buildId: 'bld_1', tenantId: 'ten_1', name: 'edge', lineage: 'l', scanId: 'scn_1', dataDigest },
              at: now.toISOString(),
              rebuild: {
                severity: 'high',
                fixable: 1,
                packageCount: packages.length,
                packages: packages.map((one) => ({ ...one, advisories: [...one.advisories] })),
              },
            },
            { automatic: true, severity: 'high', mostPerDay: 10 },
            { isNewest: true, isRefused: false, isLive: false, attempt, lastState, now },
          );
          if (left !== undefined) continue;
          const wanted = wantedFixes(packages, 'high');
          const isNewer = !wasTriedFor(wanted, attempt);
          const next = attemptAfter(attempt, { ...about, at: now.toISOString(), dataDigest, wanted });
          // Nothing that was tried for is ever forgotten.
          if (attempt !== undefined && !wasTriedFor(attempt.wanted, next)) return false;
          if (outcome !== 'refused') submittedBy.push(dataDigest);
          // Never twice in a row by the same data.
          if (outcome !== 'refused' && attempt?.build !== undefined && attempt.dataDigest === dataDigest) return false;
          attempt =
            outcome === 'refused'
              ? { ...next, refusal: refusalOf('quota.exceeded', 'no') }
              : { ...next, build: 'bld_2' };
          lastState = outcome === 'refused' ? undefined : outcome;
          tries += 1;
          if (isNewer) newer += 1;
        }
        // Three sources of four versions: each newer fix raises one of them.
        return tries <= mostTries * newer && newer <= 12;
      }),
    );
  });
});
