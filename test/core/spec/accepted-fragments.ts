import { passwordHashes, publicKeys } from './sample-spec.ts';

/** Parts of a spec that are taken, each of which a careless check would refuse. */
export const acceptedFragments: readonly (readonly [what: string, fragment: Readonly<Record<string, unknown>>])[] = [
  ...Object.entries(passwordHashes).map(
    ([kind, passwordHash]) => [`a hash of ${kind}`, { users: [{ name: 'ops', passwordHash }] }] as const,
  ),
  ...Object.entries(publicKeys).map(
    ([kind, line]) => [`a key of ${kind}`, { users: [{ name: 'ops', sshKeys: [line] }] }] as const,
  ),
  [
    'names of packages with + and .',
    { packages: { install: ['g++', 'libstdc++6', 'python3.13', 'lib32gcc-s1', '0ad'] } },
  ],
  ['a dotted host name', { system: { hostname: 'edge-01.Example.org' } }],
  ['a number as host name', { system: { hostname: '01' } }],
  ['time zones of three parts', { system: { timezone: 'America/Argentina/Buenos_Aires' } }],
  ['time zones with a sign', { system: { timezone: 'Etc/GMT+5' } }],
  ['a locale with a modifier', { system: { locale: 'sr_RS.UTF-8@latin' } }],
  ['a locale without a country', { system: { locale: 'eo.UTF-8' } }],
  [
    'files beside files',
    {
      files: ['/etc/passwd.d', '/srv/a', '/srv/a b', '/srv/a.b', '/srv/ä', '/etc/fstab.d/x'].map((path) => ({
        path,
        content: '',
      })),
    },
  ],
  ['colours in a file', { files: [{ path: '/etc/motd', content: '\u001b[1mhi\u001b[0m\n' }] }],
  ['owners by number', { files: [{ path: '/srv/a', content: '', owner: '0', group: '4294967294', mode: '4755' }] }],
  [
    'units of all kinds',
    {
      services: { enable: ['ssh', 'getty@tty2.service', 'dev-disk-by\\x2dlabel.swap'], disable: ['x'], mask: ['x'] },
    },
  ],
  [
    'kernel arguments',
    { kernel: { cmdline: ['console=ttyS0,115200n8', 'quiet', 'ip=[fd00::1]:eth0', 'memmap=1G!4G'] } },
  ],
  [
    'steps that need nothing',
    {
      steps: [
        { id: 'a', run: 'x', needs: [] },
        { id: 'b', run: 'x', needs: [] },
      ],
    },
  ],
  [
    'a step that needs a later one',
    {
      steps: [
        { id: 'a', run: 'x', needs: ['b'] },
        { id: 'b', run: 'x', needs: [] },
      ],
    },
  ],
  ['32 steps in a row', { steps: Array.from({ length: 32 }, (_, index) => ({ id: `s${index}`, run: 'x' })) }],
  [
    'folders and a file in one of them',
    { directories: [{ path: '/srv/a' }], files: [{ path: '/srv/a/b', base64: 'AA==' }] },
  ],
  ['a file that is an upload', { files: [{ path: '/srv/a', upload: '0123456789abcdef'.repeat(4) }] }],
  [
    'what stands beside the spec in the image',
    {
      embedSpec: true,
      directories: [{ path: '/usr/share/lbuild' }],
      files: [{ path: '/usr/share/lbuild/spec.json.sig', content: '' }],
      remove: [{ path: '/usr/share/lbuild/old', ifPresent: true }],
    },
  ],
  [
    'a file where no spec is to be in the image',
    { embedSpec: false, files: [{ path: '/usr/share/lbuild/spec.json', content: '' }] },
  ],
  ['an empty file in base64', { files: [{ path: '/srv/a', base64: '' }] }],
  ['paths to remove beside files', { files: [{ path: '/srv/ab', content: '' }], remove: [{ path: '/srv/a' }] }],
  [
    'parts of folders to remove',
    { remove: [{ path: '/usr/share/doc' }, { path: '/usr/lib/python3', ifPresent: true }] },
  ],
  ['sudo in its short form', { users: [{ name: 'ops', sudo: true }] }],
  [
    'sudo for some commands',
    {
      users: [
        {
          name: 'ops',
          sudo: { passwordless: true, commands: ['/usr/bin/id', '/usr/bin/id ""', '/usr/bin/printf a:b,c=d %x @y -z'] },
        },
      ],
    },
  ],
  ['an account without a password to lock', { users: [{ name: 'ops', locked: true }], rootAccount: {} }],
  [
    'passwords to change',
    {
      users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt, mustChangePassword: true, locked: false }],
      rootAccount: { passwordHash: passwordHashes.yescrypt, mustChangePassword: true, locked: false },
    },
  ],
  [
    'pins and holds',
    {
      packages: {
        install: ['curl'],
        hold: ['curl', 'bash'],
        pins: [
          { package: 'curl', version: '8.*', priority: 1_001 },
          { package: 'bash', version: '1:5.2~rc1+b2-3', priority: 990 },
          { package: 'git', release: 'trixie-security', priority: -1 },
        ],
      },
    },
  ],
  [
    'scripts of the first boot',
    {
      firstBoot: [
        { name: 'a', run: 'true' },
        { name: 'b-2', run: '#!/usr/bin/env python3\n' },
      ],
    },
  ],
  [
    'empty lists of all that may be left out',
    { directories: [], remove: [], firstBoot: [], packages: { pins: [], hold: [] } },
  ],
  ['a network boot by https', { outputs: [{ type: 'netboot', baseUrl: 'https://boot.example:8443/a~b/%20/c/' }] }],
  ['a shell of root in WSL', { outputs: [{ type: 'wsl', defaultUser: 'root' }] }],
  ['no members at all in its lists', { packages: {}, system: {}, services: {}, kernel: {}, users: [], files: [] }],
];
