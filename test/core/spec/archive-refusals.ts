import type { SpecErrorCode } from '../../../core/spec/refusal.ts';
import { armored, publicKey, sampleArchive } from './archive-samples.ts';
import type { RefusalRow } from './field-refusals.ts';

const archive = (more: object) => ({ archives: [sampleArchive(more)] });
const each = (
  what: string,
  values: readonly unknown[],
  path: string,
  fragment: (value: unknown) => object,
  code: SpecErrorCode = 'spec.invalid_value',
): RefusalRow[] =>
  values.map((value) => [
    `the ${what} ${JSON.stringify(value).slice(0, 60)}`,
    archive(fragment(value)),
    `archives[0].${path}`,
    code,
  ]);

const host = 'https://packages.example';
const urls = [
  ...['', 'packages.example', 'ftp://packages.example', 'file:///srv', 'https://', 'mirror+file:/etc/mirrors'],
  ...['/a b', '/a\nTrusted: yes', '/a"b', '/a#b', '/a?b', '/a%2e', '/a//b', '/a[b]', ' '].map((end) => `${host}${end}`),
  ...['http://[::1]/debian', 'https://packages.example:0/x', 'https://packages.example:123456/', 'https://-x/'],
];
const words = ['', 'a b', 'a\nb', 'a/b', './', 'stable/', '-a', 'a-', 'a\u0000', '..', '$(id)', 'a[b'];
const keys = [
  ...['', 'x', 'mDMEZ', publicKey.replace('BEGIN', 'END'), `${publicKey}${publicKey}`, armored(0x99).slice(0, -10)],
  // Padding in the wrong place is read as none; what then is no key is refused.
  publicKey.replace(/\n\n[^\n]*\n[^\n]*\n/, '\n\nABC==\n'),
  ...[
    armored(0x94),
    armored(0x18),
    armored(0xc5),
    publicKey.replace('\n\n', '\n\nA\n'),
    publicKey.replace('=AAAA\n', '=!\n'),
  ],
];

const credentials = 'archives[0].credentials';
const user = { username: 'ci', password: { secret: 'site' } };
const asked = (more: object) => archive({ credentials: { ...user, ...more } });

/** Archives that are refused. */
export const archiveRefusals: readonly RefusalRow[] = [
  ...each('address of an archive', urls, 'url', (url) => ({ url })),
  ...each('address with credentials', ['https://user:pass@packages.example/x'], 'url', (url) => ({ url })),
  ...each('address', [`${host}/a/../b`, `${host}/./a`], 'url', (url) => ({ url }), 'spec.path_traversal'),
  ...each('suite', words, 'suites[0]', (suite) => ({ suites: [suite] })),
  ...each('component', words, 'components[0]', (component) => ({ components: [component] })),
  ...each('key', keys, 'key', (key) => ({ key })),
  ...each('private key', ['-----BEGIN PGP PRIVATE KEY BLOCK-----'], 'key', (key) => ({ key })),
  ...each('priority', [0, -1, 1_000, 1.5], 'priority', (priority) => ({ priority })),
  ...each('name', ['', 'A', 'a b', '../a', 'a/b', 'a.b', '-a', 'a-'], 'name', (name) => ({ name })),
  ...each('name', ['debian', 'lbuild'], 'name', (name) => ({ name }), 'spec.reserved_name'),
  ...each('list of suites', [[]], 'suites', (suites) => ({ suites })),
  ...each('list of suites', [['a', 'b', 'c', 'd', 'e']], 'suites', (suites) => ({ suites }), 'spec.too_many'),
  ...each('use', ['host'], 'for', (use) => ({ for: use })),
  ...['', 'a:b', ' a', 'a ', 'a\nb', 'ä', 'a\u007f'].map((username): RefusalRow => {
    return [
      `the user ${JSON.stringify(username)}`,
      asked({ username }),
      `${credentials}.username`,
      'spec.invalid_value',
    ];
  }),
  ...['', 'A', 'a b', '../a', 'a-', 'p4$$word!'].map((secret): RefusalRow => {
    const path = `${credentials}.password.secret`;
    return [`the secret ${JSON.stringify(secret)}`, asked({ password: { secret } }), path, 'spec.invalid_value'];
  }),
  ['a password in clear', asked({ password: 'x' }), `${credentials}.password`, 'spec.invalid_value'],
  ['a password without a secret', asked({ password: {} }), `${credentials}.password.secret`, 'spec.missing'],
  ['credentials without a password', asked({ password: undefined }), `${credentials}.password`, 'spec.missing'],
  ['credentials of another kind', asked({ token: 'x' }), `${credentials}.token`, 'spec.unknown_key'],
  [
    'credentials over http',
    archive({ url: 'http://packages.example/debian', credentials: user }),
    credentials,
    'spec.contradiction',
  ],
  [
    'other credentials at one address',
    {
      archives: [
        sampleArchive({ credentials: user }),
        sampleArchive({ name: 'other', url: `${sampleArchive().url}/`, suites: ['x'] }),
      ],
    },
    'archives[1].credentials',
    'spec.contradiction',
  ],
  ['a password of an archive', archive({ password: 'x' }), 'archives[0].password', 'spec.unknown_key'],
  ['a key that is too long', archive({ key: armored(0x98, 70_000) }), 'archives[0].key', 'spec.too_large'],
  [
    'an archive without a key',
    { archives: [{ ...sampleArchive(), key: undefined }] },
    'archives[0].key',
    'spec.missing',
  ],
  [
    'two archives of a name',
    { archives: [sampleArchive(), sampleArchive()] },
    'archives[1].name',
    'spec.duplicate_name',
  ],
  ['a suite that stands twice', archive({ suites: ['a', 'a'] }), 'archives[0].suites[1]', 'spec.duplicate_name'],
  [
    'two priorities of one host',
    { archives: [sampleArchive({ priority: 100 }), sampleArchive({ name: 'other', url: `${host}:8443/x` })] },
    'archives[1].priority',
    'spec.contradiction',
  ],
  [
    'a file that an archive is written to',
    { archives: [sampleArchive()], files: [{ path: '/etc/apt/sources.list.d/site.sources', content: '' }] },
    'files[0].path',
    'spec.duplicate_name',
  ],
  [
    'the removal of what an https archive needs',
    { archives: [sampleArchive()], packages: { remove: ['ca-certificates'] } },
    'packages.remove[0]',
    'spec.contradiction',
  ],
];
