import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Advisory, advisorySchema } from '../../../core/vulnerabilities/advisory.ts';
import { mergeAdvisories } from '../../../core/vulnerabilities/merge.ts';
import { readVulnerabilityData } from '../../../core/vulnerabilities/read-data.ts';
import { osvBytes, readValue, takenAt, trackerBytes } from './data-set.ts';

const [critical, high] = ['A:H', 'A:N'].map((last) => `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:${last.at(-1)}/${last}`);
const osv = (id: string, fixed: string | undefined, more: object = {}) => ({
  id,
  modified: '2026-01-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'bash' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === undefined ? [] : [{ fixed }])] }],
    },
  ],
  ...more,
});
const cvss = (score: string | undefined) => ({ severity: [{ type: 'CVSS_V3', score }] });
const tracker = (entry: object) => ({
  bash: { 'CVE-2026-0001': { description: 'of the tracker', releases: { bookworm: entry } } },
});
const merged = (...values: unknown[]): readonly Advisory[] =>
  mergeAdvisories(values.map((value) => readValue(value))).advisories;

describe('what several files say of one vulnerability', () => {
  it('stands as the tracker says, with the better-known severity and a description', () => {
    const open = tracker({ status: 'open', urgency: 'not yet assigned', nodsa_reason: 'ignored' });
    const record = osv('DEBIAN-CVE-2026-0001', '2-1', {
      ...cvss(critical),
      details: 'of OSV',
      upstream: ['CVE-2026-0001'],
    });
    for (const files of [
      [open, record],
      [record, open],
    ]) {
      expect(merged(...files)).toEqual([
        {
          ...{ id: 'CVE-2026-0001', source: 'bash', distribution: 'debian', release: 'bookworm' },
          ...{ status: 'ignored', affected: [{}], versions: [] },
          ...{ severity: 'critical', severitySource: 'cvss', description: 'of the tracker' },
          references: ['DEBIAN-CVE-2026-0001'],
        },
      ]);
    }
    const own = tracker({ status: 'resolved', fixed_version: '0', urgency: 'unimportant' });
    expect(merged(record, own)).toMatchObject([{ status: 'not-affected', affected: [], severity: 'negligible' }]);
    const taken = tracker({ status: 'open', urgency: 'low**' });
    expect(merged(taken, record)).toMatchObject([{ status: 'open', severity: 'critical' }]);
  });

  it('stands as the record says before a notice', () => {
    const [record, notice] = [
      osv('CVE-2026-0001', '2-1'),
      osv('DSA-1-1', '3-1', { aliases: ['CVE-2026-0001'], ...cvss(high) }),
    ];
    expect(merged(notice, record)).toMatchObject([
      { affected: [{ fixed: '2-1' }], severity: 'high', references: ['DSA-1-1'] },
    ]);
  });

  it('is affected as any of several notices says', () => {
    const notices = [
      ['DSA-1-1', '2-1'],
      ['DSA-1-2', '3-1'],
      ['DSA-2-1', undefined],
    ] as const;
    const documents = notices.map(([id, fixed]) => osv(id, fixed, { upstream: ['CVE-2026-0001'] }));
    expect(merged(...documents.slice(0, 2))).toMatchObject([
      { status: 'fixed', affected: [{ fixed: '2-1' }, { fixed: '3-1' }] },
    ]);
    expect(merged(...documents)).toMatchObject([{ status: 'open', references: ['DSA-1-1', 'DSA-1-2', 'DSA-2-1'] }]);
    expect(merged(documents[0], osv('DSA-9-9', '2-1', { upstream: ['CVE-2026-0001'] }))).toMatchObject([
      { affected: [{ fixed: '2-1' }] },
    ]);
  });
});

describe('two versions of one document', () => {
  const older = osv('CVE-2026-0001', '2-1');
  const newer = osv('CVE-2026-0001', '3-1', { modified: '2026-01-01T00:00:00.5Z' });

  it('are the later one, in whatever order they come', () => {
    for (const files of [[older, newer], [newer, older], [[older, newer]], [[newer, older]]]) {
      expect(merged(...files)).toMatchObject([{ affected: [{ fixed: '3-1' }] }]);
    }
  });

  it('say nothing where the later one is withdrawn, or speaks of the release no more', () => {
    expect(merged(older, { ...newer, withdrawn: '2026-01-02T00:00:00Z' })).toEqual([]);
    expect(merged({ ...older, withdrawn: '2025-01-02T00:00:00Z' }, newer)).toHaveLength(1);
    expect(merged({ ...newer, affected: [] }, older)).toEqual([]);
  });

  it('of one date are the same one, whatever the order of the files', () => {
    const other = { ...newer, modified: older.modified };
    expect(merged(older, other)).toEqual(merged(other, older));
  });

  it('are the later one of the tracker, too', () => {
    const [before, after] = [tracker({ status: 'open' }), { dash: tracker({ status: 'open' }).bash }];
    const files = [readValue(after, new Date(2_000)), readValue(before, new Date(1_000))];
    expect(mergeAdvisories(files).advisories.map(({ source }) => source)).toEqual(['dash']);
  });
});

it('a set tells its digest, dates, forms and releases, whatever the order of its files', () => {
  const files = [trackerBytes, osvBytes].map((bytes) => readVulnerabilityData(bytes, { takenAt }));
  const { advisories, ...set } = mergeAdvisories(files);
  expect(set).toEqual({
    releases: new Set(['bookworm', 'trixie', 'sid', 'noble', 'jammy']),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    takenAt: '2026-02-03T04:05:06.789Z',
    forms: ['debian-tracker', 'osv'],
    skipped: { count: 0, examples: [] },
  });
  const other = mergeAdvisories(files.toReversed());
  expect(other.digest).toBe(set.digest);
  expect(mergeAdvisories(files.slice(0, 1)).digest).not.toBe(set.digest);
  expect(new Set(other.advisories.map((one) => JSON.stringify(one)))).toEqual(
    new Set(advisories.map((one) => JSON.stringify(one))),
  );
  for (const advisory of advisories) expect(advisorySchema.parse(advisory)).toEqual(advisory);
  expect(mergeAdvisories([])).toMatchObject({ advisories: [], takenAt: undefined, forms: [] });
});

it('any selection of documents makes the same advisories in any order', () => {
  const documents = [
    osv('CVE-2026-0001', '2-1', cvss(high)),
    osv('CVE-2026-0001', '3-1', { modified: '2026-03-01T00:00:00Z' }),
    osv('DEBIAN-CVE-2026-0001', undefined, { details: 'x' }),
    osv('DSA-1-1', '4-1', { upstream: ['CVE-2026-0001', 'CVE-2026-0002'], ...cvss(critical) }),
    osv('DSA-1-2', '5-1', { upstream: ['CVE-2026-0002'], withdrawn: '2026-01-01T00:00:00Z' }),
    tracker({ status: 'resolved', fixed_version: '9-1', urgency: 'low' }),
  ];
  const sorted = (values: readonly unknown[]) => merged(...values).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  fc.assert(
    fc.property(fc.shuffledSubarray(documents), (some) => {
      const inOrder = documents.filter((document) => some.includes(document));
      expect(sorted(some)).toEqual(sorted(inOrder));
    }),
  );
});
