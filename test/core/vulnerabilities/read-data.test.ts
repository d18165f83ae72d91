import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { advisorySchema } from '../../../core/vulnerabilities/advisory.ts';
import { Intake } from '../../../core/vulnerabilities/intake.ts';
import { vulnerabilityLimits } from '../../../core/vulnerabilities/limits.ts';
import { mergeAdvisories } from '../../../core/vulnerabilities/merge.ts';
import { readVulnerabilityData } from '../../../core/vulnerabilities/read-data.ts';
import { osvBytes, readValue, takenAt, trackerBytes, utf8 } from './data-set.ts';

const read = (bytes: Uint8Array | string) =>
  readVulnerabilityData(typeof bytes === 'string' ? utf8(bytes) : bytes, { takenAt });

const errorOf = (call: () => unknown): EngineError => {
  try {
    call();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const modified = '2026-01-01T00:00:00Z';
const events = [{ introduced: '0' }, { fixed: '2-1' }];
const affected = (more: object = {}) => ({
  ...{ package: { ecosystem: 'Debian:12', name: 'bash' }, ranges: [{ type: 'ECOSYSTEM', events }] },
  ...more,
});
const osv = (more: object = {}) => ({ id: 'CVE-2026-0001', modified, affected: [affected()], ...more });
const tracker = (entry: unknown, id = 'CVE-2026-0001', source = 'bash') => ({
  [source]: { [id]: { releases: { bookworm: entry } } },
});

describe('the file of the tracker', () => {
  it('is read with its digest, its date and its releases', () => {
    const data = read(trackerBytes);
    expect(data).toMatchObject({
      form: 'debian-tracker',
      sha256: sha256(trackerBytes),
      takenAt: takenAt.toISOString(),
    });
    expect([...data.releases].sort()).toEqual(['bookworm', 'sid', 'trixie']);
    expect(data.skipped).toEqual({ count: 0, examples: [] });
    const statements = data.documents.flatMap((document) => document.statements);
    expect(statements.filter(({ id }) => id === 'CVE-2023-1001').map(({ release }) => release)).toEqual([
      ...['bookworm', 'trixie', 'sid'],
    ]);
  });

  it('says only what is wanted, but of which releases it speaks all the same', () => {
    const data = readVulnerabilityData(trackerBytes, {
      takenAt,
      wants: (release, source) => release === 'bookworm' && source === 'zlib',
    });
    expect(data.documents.flatMap(({ statements }) => statements).map(({ id }) => id)).toEqual(['CVE-2023-45853']);
    expect([...data.releases].sort()).toEqual(['bookworm', 'sid', 'trixie']);
  });

  it.each([
    ['a status that is not known', { status: 'guessed' }, /status: Invalid option/],
    ['a release that is no object', 'open', /expected object/],
    ['a fix that is no version', { status: 'resolved', fixed_version: 'see DSA' }, /fixed_version is no version/],
    ['a version of the wrong type', { status: 'resolved', fixed_version: 3 }, /fixed_version: /],
  ])('notes %s, and reads the rest', (_what, entry, reason) => {
    const other = { status: 'open', urgency: 'low' };
    const data = readValue({ ...tracker(entry), ...tracker(other, 'CVE-2026-0002', 'dash') });
    expect(data.skipped).toMatchObject({ count: 1, examples: [{ entry: 'bash CVE-2026-0001 bookworm' }] });
    expect(data.skipped.examples[0]?.reason).toMatch(reason);
    expect(data.documents.flatMap(({ statements }) => statements).map(({ source }) => source)).toEqual(['dash']);
  });

  it('notes what is no vulnerability and no source package', () => {
    const good = tracker({ status: 'open' });
    const data = readValue({
      ...good,
      'Not A Name': {},
      zlib: 5,
      dash: { 'no id': good.bash?.['CVE-2026-0001'], 'CVE-1': 7 },
    });
    expect(data.skipped.count).toBe(4);
    expect(data.documents[0]?.statements).toHaveLength(1);
  });

  it('is not led astray by names that objects have anyway', () => {
    const text = `{"bash":{"CVE-2026-0001":{"releases":{"__proto__":{"status":"open"},"constructor":{"status":"open"},
      "bookworm":{"status":"open"}}},"__proto__":{"releases":{"bookworm":{"status":"open"}}}},
      "__proto__":{"CVE-2026-0002":{"releases":{"bookworm":{"status":"open"}}}},
      "constructor":{"CVE-2026-0003":{"releases":{"bookworm":{"status":"open"}}}}}`;
    const found = mergeAdvisories([read(text)]).advisories;
    expect(found.map(({ id, source, release }) => [id, source, release])).toEqual([
      ['CVE-2026-0001', 'bash', 'bookworm'],
      ['CVE-2026-0003', 'constructor', 'bookworm'],
    ]);
    expect(Object.hasOwn(Object.prototype, 'status')).toBe(false);
  });
});

describe('documents of OSV', () => {
  it('are read one a line, with the newest date', () => {
    const data = read(osvBytes);
    expect(data).toMatchObject({ form: 'osv', takenAt: '2026-02-03T04:05:06.789Z', skipped: { count: 0 } });
    expect(data.documents).toHaveLength(22);
    expect([...data.releases].sort()).toEqual(['bookworm', 'jammy', 'noble']);
  });

  it('are the same in each form of a file', () => {
    const [one, two] = [osv(), osv({ id: 'CVE-2026-0002' })];
    const forms = [
      [JSON.stringify([one, two]), 2],
      [JSON.stringify([one, two], undefined, 2), 2],
      [`${JSON.stringify(one)}\n${JSON.stringify(two)}`, 2],
      [`\n${JSON.stringify(one)}\r\n\n${JSON.stringify(two)}\r\n`, 2],
      [`\ufeff${JSON.stringify(one)}\n${JSON.stringify(two)}\n`, 2],
      [JSON.stringify(one), 1],
      [`${JSON.stringify(one)}\n`, 1],
      [JSON.stringify(one, undefined, 2), 1],
    ] as const;
    for (const [text, count] of forms)
      expect(read(text).documents).toEqual(read(JSON.stringify([one, two])).documents.slice(0, count));
  });

  it.each([
    ['a document without a date', osv({ modified: undefined }), /modified: /],
    ['a date in another form', osv({ modified: 'yesterday' }), /modified: /],
    ['an id that is none', osv({ id: '../../etc' }), /id: /],
    ['a document of another kind', [1], /expected object/],
    ['an id that is no text', osv({ id: { toString: 1, valueOf: 1 } }), /id: .*expected string/],
    ['a package of the wrong type', osv({ affected: [{ package: 'bash' }] }), /affected: package: /],
    [
      'a version that is none',
      osv({ affected: [affected({ ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: 'a b' }] }] })] }),
      /"a b" is no version/,
    ],
    [
      'a range without a beginning',
      osv({ affected: [affected({ ranges: [{ type: 'ECOSYSTEM', events: [{ fixed: '2-1' }] }] })] }),
      /begins nowhere/,
    ],
    [
      'a package without versions',
      osv({ affected: [affected({ ranges: [{ type: 'GIT', events }] })] }),
      /neither a range/,
    ],
    ['a listed version that is none', osv({ affected: [affected({ versions: ['1', 'x y'] })] }), /"x y" is no version/],
    [
      'a name that is none',
      osv({ affected: [affected({ package: { ecosystem: 'Debian:12', name: '../bash' } })] }),
      /no name of a source/,
    ],
    [
      'no release',
      osv({ affected: [affected({ package: { ecosystem: 'Debian', name: 'bash' } })] }),
      /names no release/,
    ],
  ])('with %s are noted, and the others are read', (_what, document, reason) => {
    const data = readValue([document, osv({ id: 'CVE-2026-0002' })]);
    expect(data.skipped.count).toBe(1);
    expect(data.skipped.examples[0]?.reason).toMatch(reason);
    expect(mergeAdvisories([data]).advisories.map(({ id }) => id)).toEqual(['CVE-2026-0002']);
  });

  it('are such, whatever else is in them', () => {
    const data = readValue(osv({ database_specific: { 'CVE-2026-0009': { releases: {} } } }));
    expect([data.form, data.documents.length]).toEqual(['osv', 1]);
  });

  it('say nothing where they are of other distributions, or of commits', () => {
    const data = readValue([
      osv({
        affected: [
          affected({ package: { ecosystem: 'Alpine:v3.20', name: 'bash' } }),
          { ranges: [] },
          { package: null },
        ],
      }),
      osv({ id: 'CVE-2026-0002', affected: null }),
    ]);
    expect(data.skipped.count).toBe(0);
    expect(data.documents.map(({ statements }) => statements)).toEqual([[], []]);
  });

  it('with members that nobody knows, however deep, are read all the same', () => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const text = JSON.stringify(osv()).replace(/}$/, `,"database_specific":${deep},"ecosystem_specific":${deep}}`);
    expect(read(text).documents[0]?.statements).toHaveLength(1);
  });

  it('have their text in one line, without what a terminal acts on, and cut', () => {
    const texts = ['a\u001b[31mb\u202ec\nd', `${'x'.repeat(296)}\u{1f600}${'y'.repeat(50)}`, '\u0000'];
    const found = texts.map((details) => readValue(osv({ details })).documents[0]?.statements[0]?.description);
    expect(found[0]).toBe('abc d');
    expect(found[1]?.length).toBeLessThanOrEqual(300);
    expect(found[1]?.isWellFormed()).toBe(true);
    expect(found[2]).toBe('');
  });
});

describe('a file', () => {
  it.each([
    ['empty', '', /empty/],
    ['blank', ' \n\t', /empty/],
    ['cut off', JSON.stringify(osv()).slice(0, -1), /the file is no JSON/],
    ['cut off in a line', `${JSON.stringify(osv())}\n{"id":`, /line 2 is no JSON/],
    ['no object', '5', /no document is one of OSV/],
    ['an empty object', '{}', /no document is one of OSV/],
    ['an empty list', '[]', /holds no document/],
    ['of another kind', '{"packages":{"bash":"5"}}', /no document is one of OSV/],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), /no JSON/],
  ])('that is %s is refused', (_what, content, detail) => {
    const error = errorOf(() => read(content));
    expect(error.code).toBe('vulnerabilities.data_unreadable');
    expect(error.detail).toMatch(detail);
    expect(error.remedy).toMatch(/Debian security tracker.*OSV/);
  });

  it.each(['<?xml version="1.0"?><oval_definitions/>', '\ufeff\n <oval_definitions/>'])(
    'of OVAL (%j) is refused, with the forms that are read',
    (text) => {
      const error = errorOf(() => read(text));
      expect(error.code).toBe('vulnerabilities.data_unsupported');
      expect(error.detail).toMatch(/OVAL.*Debian security tracker.*OSV/);
    },
  );

  it('that says too much is refused', () => {
    const intake = new Intake(() => true);
    intake.take(vulnerabilityLimits.statements);
    expect(errorOf(() => intake.take(1)).code).toBe('vulnerabilities.data_too_large');
  });

  it('tells of twenty entries that it cannot read, and counts all', () => {
    const documents = Array.from({ length: 50 }, (_, number) => osv({ id: `x ${number}${'!'.repeat(1_000)}` }));
    const { skipped } = readValue([osv(), ...documents]);
    expect(skipped.count).toBe(50);
    expect(skipped.examples).toHaveLength(20);
    for (const { entry, reason } of skipped.examples) expect(entry.length + reason.length).toBeLessThan(500);
  });

  it('of anything at all is read or refused, and what is read is of its form', () => {
    const keys = [
      'id',
      'modified',
      'affected',
      'package',
      'ecosystem',
      'name',
      'ranges',
      'type',
      'events',
      'introduced',
    ];
    const words = [
      'Debian:12',
      'ECOSYSTEM',
      'bookworm',
      'releases',
      'status',
      'open',
      'bash',
      'CVE-2026-0001',
      modified,
    ];
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        tie('leaf'),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('object'),
      ),
      leaf: fc.oneof(fc.constantFrom(...words, '0', '1-1'), fc.string(), fc.integer(), fc.constant(null)),
      object: fc.dictionary(fc.constantFrom(...keys, ...words, '__proto__'), tie('value'), { maxKeys: 5 }),
    }));
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          fc.dictionary(fc.constantFrom(...keys), value).map((more) => osv(more)),
        ),
        (anything) => {
          try {
            const { advisories } = mergeAdvisories([readValue(anything)]);
            for (const advisory of advisories) expect(advisorySchema.parse(advisory)).toEqual(advisory);
          } catch (error) {
            if (!(error instanceof EngineError)) throw error;
            expect(error.code).toMatch(/^vulnerabilities\.data_/);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
