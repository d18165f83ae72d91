import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blueprintRule } from '../../../core/import/blueprint.ts';
import { cloudInitRule } from '../../../core/import/cloud-init.ts';
import { documentLimits, documentRefusal } from '../../../core/import/foreign.ts';
import { type ImportKind, importDocument } from '../../../core/import/import-document.ts';
import { mkosiRule } from '../../../core/import/mkosi.ts';
import type { Rule } from '../../../core/import/rules.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { architectures, outputTypes } from '../../../core/spec/releases.ts';
import { placesOf, testSettings } from './samples.ts';

const abilities = { architectures, outputs: outputTypes, snapshots: true } as const;

/** What people, and those who mean harm, write as a value. */
const words = fc.constantFrom<unknown>(
  ...['', ' ', 'root', 'default', 'alice', 'bob', 'wheel', 'sudo', 'daemon', 'Alice Smith', 'constructor', '__proto__'],
  ...[
    'nginx',
    'nginx=1.2*',
    'nginx/sid',
    'nginx:arm64',
    'git-*',
    '@core',
    '/usr/bin/x',
    'a-',
    '-',
    'firewalld',
    'sshd',
  ],
  ...['80:tcp', '8000-70000:udp', 'ssh', 'ssh:udp', '22', '0', '10 GiB', '0 B', '1e9 GB', '-5', '2G', 'auto'],
  ...[
    '/',
    '/boot',
    '/boot/efi',
    '/var',
    '/var/log',
    '/etc/x',
    '/etc/passwd',
    '/etc//x',
    '../x',
    'x'.repeat(300),
    '/tmp/x',
  ],
  ...[
    '$6$salt$short',
    `$2y$10$${'A'.repeat(53)}`,
    '!',
    '!!',
    '*',
    'root:secret',
    'hashed:',
    'hashed:!',
    'RANDOM',
    'secret',
  ],
  ...['debian', 'ubuntu', 'fedora', 'noble', 'sid', '99', 'x86_64', 'aarch64', 'riscv64', 'disk', 'oci', 'tar', 'uki'],
  ...[
    'en_US.UTF-8',
    'C',
    'POSIX@x',
    'de-latin1',
    'UTC',
    'a\u0000b',
    'a\nb',
    '\u001b[31mred',
    '\ud800',
    'true',
    'off',
    'lvm',
    'swap',
  ],
  ...[
    'xfs',
    'ext4',
    'btrfs',
    'vfat',
    'gpt',
    'plain',
    'custom',
    'satellite',
    '0644',
    '99999',
    'b64',
    'gz+b64',
    'root:root',
    ':',
    'AAAA',
    'A',
  ],
  ...[
    'ALL=(ALL) NOPASSWD:ALL',
    'ALL=(ALL) /bin/x,/bin/y',
    'deb https://a.example/x $RELEASE main',
    'deb x y',
    'ppa:x/y',
  ],
  ...[0, 1, -1, 420, 1e308, 0.5, 2 ** 53, true, false, null, [], {}],
);

const values = fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) });

/** Documents of a format: its keys with values of their forms, and of any other. */
function documentsOf(rule: Rule): fc.Arbitrary<unknown> {
  const { members, items } = rule;
  const forms: fc.WeightedArbitrary<unknown>[] = [{ weight: 1, arbitrary: values }];
  if (members !== undefined) {
    const keys = Object.entries(members).map(([key, member]) => fc.tuple(fc.constant(key), documentsOf(member)));
    const some = fc.array(fc.oneof(...keys, fc.tuple(fc.constantFrom('unknown', '__proto__', 'toString'), values)), {
      maxLength: 8,
    });
    forms.push({ weight: 6, arbitrary: some.map((pairs) => Object.fromEntries(pairs)) });
  }
  if (items !== undefined) {
    const item = documentsOf(items);
    forms.push({ weight: 6, arbitrary: fc.array(item, { maxLength: 5 }) });
    forms.push({
      weight: 1,
      arbitrary: fc.dictionary(fc.constantFrom('a', 'b.list', '__proto__', 'x y'), item, { maxKeys: 3 }),
    });
  }
  return fc.oneof(...forms);
}

/** Documents of mkosi: sections, their keys, and lists of lines. */
const lines = fc.array(
  fc.oneof(
    words.filter((word): word is string => typeof word === 'string'),
    fc.constantFrom('a,b c', 'x=1 y', 'root=PARTUUID quiet'),
  ),
  { minLength: 1, maxLength: 4 },
);
const sections = Object.entries(mkosiRule.members ?? {});
const mkosiDocuments = fc
  .array(
    fc.oneof(
      ...sections.map(([section, { members = {} }]) =>
        fc.tuple(
          fc.constantFrom(section, 'Match', 'Unknown', '__proto__'),
          fc.array(fc.tuple(fc.constantFrom(...Object.keys(members), '@Format', 'Unknown', 'constructor'), lines), {
            maxLength: 6,
          }),
        ),
      ),
    ),
    { maxLength: 6 },
  )
  .map((pairs) => Object.fromEntries(pairs.map(([section, keys]) => [section, Object.fromEntries(keys)])));

/** Whole documents: what is none is refused before an importer sees it. */
const documents: Readonly<Record<ImportKind, fc.Arbitrary<unknown>>> = {
  blueprint: documentsOf(blueprintRule),
  'cloud-init': documentsOf(cloudInitRule),
  mkosi: mkosiDocuments,
  script: fc.record({ script: fc.string({ unit: 'binary', minLength: 1 }) }),
};

const settings = fc.record(
  {
    release: fc.constantFrom('bookworm', 'trixie', 'sid', 'jammy', 'noble'),
    architecture: fc.constantFrom('amd64', 'arm64'),
  },
  { requiredKeys: [] },
);

describe.each(Object.entries(documents))('any %s', (kind, arbitrary) => {
  it('becomes a valid spec, and says of each value once what became of it', () => {
    const known = (['blueprint', 'mkosi', 'cloud-init', 'script'] as const).find((name) => name === kind) ?? 'script';
    fc.assert(
      fc.property(arbitrary, settings, (document, more) => {
        fc.pre(documentRefusal(document) === undefined);
        const imported = importDocument(known, document, { ...testSettings, ...more });
        const checked = checkSpec(imported.spec, abilities);
        expect(checked.ok ? [] : checked.errors).toEqual([]);
        expect(imported.findings.map(({ path }) => JSON.stringify(path))).toEqual(placesOf(document));
        for (const { fate, note, to } of imported.findings) {
          expect(fate === 'taken' ? to.length > 0 || note !== '' : note !== '').toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

it('refuses what is no table, is too deep or too large', () => {
  expect(documentRefusal('x')).toContain('no table');
  expect(documentRefusal([])).toContain('no table');
  expect(documentRefusal(null)).toContain('no table');
  let deep: object = {};
  for (let level = 0; level < documentLimits.depth; level += 1) deep = { deep };
  expect(documentRefusal(deep)).toBeUndefined();
  expect(documentRefusal({ deep })).toContain('deeper');
  const large = { many: Array.from({ length: documentLimits.values - 2 }, () => 0) };
  expect(documentRefusal(large)).toBeUndefined();
  large.many.push(0);
  expect(documentRefusal(large)).toContain('more than');
});

it('imports a document of many wrong values, and of one that is too long, within seconds', () => {
  const many = { packages: Array.from({ length: 4_000 }, (_, index) => ({ name: `Wrong Name ${index}` })) };
  const wrong = importDocument('blueprint', many, testSettings);
  expect(wrong.findings.every(({ fate }) => fate === 'dropped')).toBe(true);
  const long = { runcmd: ['x'.repeat(300_000)], write_files: [{ path: '/x', content: 'y'.repeat(200_000) }] };
  const cut = importDocument('cloud-init', long, testSettings);
  expect(cut.findings.map(({ fate }) => fate)).toEqual(['dropped', 'dropped', 'dropped']);
  expect(cut.spec).not.toHaveProperty('firstBoot');
});
