import type { RefusalRow } from './field-refusals.ts';
import { passwordHashes } from './sample-spec.ts';

const user = (more: object) => ({ users: [{ name: 'ops', ...more }] });
const pin = (more: object) => ({ packages: { pins: [{ package: 'curl', version: '8.*', priority: 500, ...more }] } });
const script = (more: object) => ({ firstBoot: [{ name: 'one', run: 'true', ...more }] });
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const commands = [
  ...['', 'id', '../id', '/usr/bin/', '/', '/usr/../bin/sh', '/usr/./id', '/usr/bin/*', '/usr/bin/i?', '/bin/[ab]'],
  ...['/bin/a, /bin/b', '/bin/a\n', '/bin/a\nops ALL=(ALL) ALL', '/bin/a \\', '/bin/a "b"', "/bin/a 'b'", '/bin/a #'],
  ...['/bin/a !b', '/bin/a  b', '/bin/a ', ' /bin/a', '!/bin/a', 'ALL', 'sudoedit /etc/x', '/bin/a ^b$', '/bin/a $x'],
  ...[
    '/bin/a "" b',
    '/bin/a\tb',
    '/bin/a é',
    '/bin/a;b',
    '/bin/a|b',
    '/bin/a (b)',
    '/bin/a <b',
    '/bin/a {b}',
    '/bin/a,b',
  ],
].map(
  (command): RefusalRow => [
    `the command ${JSON.stringify(command)} for sudo`,
    user({ sudo: { commands: ['/usr/bin/id', command] } }),
    'users[0].sudo.commands[1]',
    'spec.invalid_value',
  ],
);

const versions = ['', 'a1', '*', '1*2', '1.*.*', '1 2', '1\n', '1\nPackage: *', '1_2', '/1/', '1?', '1[2]'].map(
  (version): RefusalRow => [
    `the version ${JSON.stringify(version)} in a pin`,
    pin({ version }),
    'packages.pins[0].version',
    'spec.invalid_value',
  ],
);

const releases = ['', 'Trixie', 'trixie/updates', 'a=stable', 'trixie,x', 'trixie\n', '*', 'trixie-', '-x'].map(
  (release): RefusalRow => [
    `the release ${JSON.stringify(release)} in a pin`,
    pin({ version: undefined, release }),
    'packages.pins[0].release',
    'spec.invalid_value',
  ],
);

const scriptNames = ['', 'One', '1', '-a', 'a_b', 'a/b', 'a b', 'a\n', 'a.sh', '../a', '%n', '$x'].map(
  (name): RefusalRow => [
    `the script name ${JSON.stringify(name)}`,
    script({ name }),
    'firstBoot[0].name',
    'spec.invalid_value',
  ],
);

/** What the fields of accounts, pins and the first boot refuse, each alone and together. */
export const systemRefusals: readonly RefusalRow[] = [
  ...commands,
  ...versions,
  ...releases,
  ...scriptNames,
  ['sudo that is false', user({ sudo: false }), 'users[0].sudo', 'spec.invalid_value'],
  ['sudo that is a text', user({ sudo: 'ALL' }), 'users[0].sudo', 'spec.invalid_value'],
  ['sudo that is a list', user({ sudo: ['/bin/a'] }), 'users[0].sudo', 'spec.invalid_value'],
  ['an unknown field of sudo', user({ sudo: { nopasswd: true } }), 'users[0].sudo.nopasswd', 'spec.unknown_key'],
  [
    'sudo without a password as a text',
    user({ sudo: { passwordless: 'yes' } }),
    'users[0].sudo.passwordless',
    'spec.invalid_value',
  ],
  ['sudo for no command', user({ sudo: { commands: [] } }), 'users[0].sudo.commands', 'spec.invalid_value'],
  [
    'a command twice',
    user({ sudo: { commands: ['/bin/a', '/bin/a'] } }),
    'users[0].sudo.commands[1]',
    'spec.duplicate_name',
  ],
  [
    'a command that is too long',
    user({ sudo: { commands: [`/bin/a ${'b'.repeat(512)}`] } }),
    'users[0].sudo.commands[0]',
    'spec.too_large',
  ],
  [
    'too many commands',
    user({ sudo: { commands: times(65, (index) => `/bin/${index}`) } }),
    'users[0].sudo.commands',
    'spec.too_many',
  ],
  [
    'the removal of sudo where a user has it',
    { ...user({ sudo: true }), packages: { remove: ['sudo'] } },
    'packages.remove[0]',
    'spec.contradiction',
  ],
  [
    'a password to change where there is none',
    user({ mustChangePassword: true }),
    'users[0].mustChangePassword',
    'spec.invalid_value',
  ],
  [
    'a password to change that opens nothing',
    user({ passwordHash: passwordHashes.yescrypt, locked: true, mustChangePassword: true }),
    'users[0].mustChangePassword',
    'spec.contradiction',
  ],
  [
    'a password of root to change that opens nothing',
    { rootAccount: { passwordHash: passwordHashes.yescrypt, locked: true, mustChangePassword: true } },
    'rootAccount.mustChangePassword',
    'spec.contradiction',
  ],
  ...(['disable', 'mask'] as const).map(
    (list): RefusalRow => [
      `a first boot whose unit is in services.${list}`,
      { ...script({}), services: { [list]: ['cron', 'lbuild-first-boot'] } },
      `services.${list}[1]`,
      'spec.contradiction',
    ],
  ),
  ['a lock that is a text', user({ locked: 'yes' }), 'users[0].locked', 'spec.invalid_value'],
  ['a password of root', { rootAccount: { password: 'x' } }, 'rootAccount.password', 'spec.unknown_key'],
  [
    'a plain password of root',
    { rootAccount: { passwordHash: 'x' } },
    'rootAccount.passwordHash',
    'spec.plain_password',
  ],
  ['root unlocked without a password', { rootAccount: { locked: false } }, 'rootAccount.locked', 'spec.invalid_value'],
  [
    'a password of root to change where there is none',
    { rootAccount: { mustChangePassword: true } },
    'rootAccount.mustChangePassword',
    'spec.invalid_value',
  ],
  ['a key of root', { rootAccount: { sshKeys: ['x'] } }, 'rootAccount.sshKeys[0]', 'spec.invalid_value'],
  [
    'root unlocked and locked by its form',
    { rootAccount: { passwordHash: passwordHashes.sha256, locked: 1 } },
    'rootAccount.locked',
    'spec.invalid_value',
  ],
  ['a pin of a pattern', pin({ package: 'lib*' }), 'packages.pins[0].package', 'spec.invalid_value'],
  ['a pin of nothing', pin({ version: undefined }), 'packages.pins[0].version', 'spec.missing'],
  ['a pin of both', pin({ release: 'trixie' }), 'packages.pins[0].release', 'spec.invalid_value'],
  ['a pin without a priority', pin({ priority: undefined }), 'packages.pins[0].priority', 'spec.missing'],
  ['the priority 0', pin({ priority: 0 }), 'packages.pins[0].priority', 'spec.invalid_value'],
  ['a priority that is too low', pin({ priority: -2 }), 'packages.pins[0].priority', 'spec.invalid_value'],
  ['a priority that is too high', pin({ priority: 10_000 }), 'packages.pins[0].priority', 'spec.invalid_value'],
  [
    'a package pinned twice',
    {
      packages: {
        pins: [
          { package: 'curl', version: '8.*', priority: 500 },
          { package: 'curl', release: 'trixie', priority: 500 },
        ],
      },
    },
    'packages.pins[1].package',
    'spec.duplicate_name',
  ],
  [
    'too many pins',
    { packages: { pins: times(201, (index) => ({ package: `p${index}`, version: '1', priority: 1 })) } },
    'packages.pins',
    'spec.too_many',
  ],
  ['a hold of a version', { packages: { hold: ['curl=8'] } }, 'packages.hold[0]', 'spec.invalid_value'],
  ['a hold twice', { packages: { hold: ['curl', 'curl'] } }, 'packages.hold[1]', 'spec.duplicate_name'],
  [
    'a hold of what is removed',
    { packages: { hold: ['curl'], remove: ['curl'] } },
    'packages.remove[0]',
    'spec.duplicate_name',
  ],
  ['a script of the first boot without a text', { firstBoot: [{ name: 'a' }] }, 'firstBoot[0].run', 'spec.missing'],
  ['a script of the first boot that is empty', script({ run: ' ' }), 'firstBoot[0].run', 'spec.invalid_value'],
  ['a script of the first boot with NUL', script({ run: 'a\u0000' }), 'firstBoot[0].run', 'spec.invalid_value'],
  [
    'a script of the first boot of no time',
    script({ timeoutSeconds: 0 }),
    'firstBoot[0].timeoutSeconds',
    'spec.invalid_value',
  ],
  ['a script name that is too long', script({ name: 'a'.repeat(49) }), 'firstBoot[0].name', 'spec.too_large'],
  [
    'a script name twice',
    {
      firstBoot: [
        { name: 'a', run: 'true' },
        { name: 'a', run: 'false' },
      ],
    },
    'firstBoot[1].name',
    'spec.duplicate_name',
  ],
  [
    'too many scripts of the first boot',
    { firstBoot: times(33, (index) => ({ name: `s${index}`, run: 'true' })) },
    'firstBoot',
    'spec.too_many',
  ],
];
