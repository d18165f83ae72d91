import type { RefusalRow } from './field-refusals.ts';

const output = (type: string, more: object) => ({ outputs: [{ type, ...more }] });

const addresses = [
  'boot.example/edge',
  'ftp://boot.example/',
  'tftp://boot.example/',
  'http://',
  'http:///edge',
  'http://-a/',
  'http://a_b/',
  'http://a:0/',
  'http://a:65536/',
  'http://a:port/',
  'http://user@a/',
  'http://a//b',
  'http://a/b?c=d',
  'http://a/b#c',
  'http://a/b c',
  `http://a/\${b}`,
  'http://a/$(b)',
  'http://a/b;c',
  "http://a/'b'",
  'http://a/"b"',
  'http://a/b&c',
  'http://a/b|c',
  'http://a/b\\c',
  'http://a/b\nboot',
  'http://é/',
  '',
].map(
  (baseUrl): RefusalRow => [
    `the address ${JSON.stringify(baseUrl)}`,
    output('netboot', { baseUrl }),
    'outputs[0].baseUrl',
    'spec.invalid_value',
  ],
);

const userNames = ['', 'Ops', 'a b', '-a', 'a:b', 'a\nsystemd=false', '[boot]'].map(
  (defaultUser): RefusalRow => [
    `the default user ${JSON.stringify(defaultUser)}`,
    { users: [{ name: 'ops' }], ...output('wsl', { defaultUser }) },
    'outputs[0].defaultUser',
    'spec.invalid_value',
  ],
);

/** What the options of a network boot and of a distribution for WSL refuse. */
export const outputRefusals: readonly RefusalRow[] = [
  ...addresses,
  [
    'an address that is too long',
    output('netboot', { baseUrl: `http://a/${'b'.repeat(200)}` }),
    'outputs[0].baseUrl',
    'spec.too_large',
  ],
  ['an address that is a number', output('netboot', { baseUrl: 1 }), 'outputs[0].baseUrl', 'spec.invalid_value'],
  ...[0, 23, 1.5, '3'].map(
    (compressionLevel): RefusalRow => [
      `the level ${JSON.stringify(compressionLevel)}`,
      output('netboot', { compressionLevel }),
      'outputs[0].compressionLevel',
      'spec.invalid_value',
    ],
  ),
  ['the label of an ISO on a network boot', output('netboot', { label: 'X' }), 'outputs[0].label', 'spec.unknown_key'],
  [
    'a level of compression for WSL',
    output('wsl', { compressionLevel: 3 }),
    'outputs[0].compressionLevel',
    'spec.unknown_key',
  ],
];

/** What they refuse because of other fields; names of users are judged beside their form. */
export const outputBetweenRefusals: readonly RefusalRow[] = [
  ...userNames,
  [
    'a default user that nobody makes',
    { users: [{ name: 'ops' }], ...output('wsl', { defaultUser: 'opps' }) },
    'outputs[0].defaultUser',
    'spec.unknown_user',
  ],
  [
    'kernel arguments for containers alone',
    { kernel: { cmdline: ['quiet'] }, outputs: [{ type: 'oci' }, { type: 'docker' }] },
    'kernel.cmdline',
    'spec.unsupported_option',
  ],
  [
    'a kernel for a tar alone',
    { kernel: { package: 'linux-image-rt-amd64' }, outputs: [{ type: 'tar' }] },
    'kernel.package',
    'spec.unsupported_option',
  ],
];
