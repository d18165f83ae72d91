import { expect, it } from 'vitest';
import { indexAdvisories } from '../../../core/vulnerabilities/advisory-index.ts';
import { matchPackages } from '../../../core/vulnerabilities/match.ts';
import { mergeAdvisories } from '../../../core/vulnerabilities/merge.ts';
import { readValue } from './data-set.ts';

/** 60,000 vulnerabilities in 3,000 source packages, of which every other one is fixed in a version that there is not yet. */
const tracker = Object.fromEntries(
  Array.from({ length: 3_000 }, (_, source) => [
    `source-${source}`,
    Object.fromEntries(
      Array.from({ length: 20 }, (_, issue) => [
        `CVE-2026-${100_000 + source * 20 + issue}`,
        { releases: { bookworm: { status: 'resolved', fixed_version: `1.${2 + (issue % 2) * 8}-1`, urgency: 'low' } } },
      ]),
    ),
  ]),
);

it('1,000 packages are matched against 60,000 advisories within a second of the processor', () => {
  const set = mergeAdvisories([readValue(tracker)]);
  expect(set.advisories).toHaveLength(60_000);
  const packages = Array.from({ length: 1_000 }, (_, number) => ({
    ...{ name: `package-${number}`, version: '1.9-1+b1', architecture: 'amd64' },
    ...{ source: `source-${number * 2}`, sourceVersion: '1.9-1' },
  }));
  const start = process.cpuUsage();
  const { findings } = matchPackages(packages, indexAdvisories(set), 'bookworm');
  // Of the processor: other tests may have it meanwhile.
  const { user, system } = process.cpuUsage(start);
  expect(findings).toHaveLength(10_000);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});
