import type { RefusalRow } from './field-refusals.ts';
import { publicKeys } from './sample-spec.ts';

const steps = (...list: readonly (readonly [id: string, needs?: readonly string[]])[]) => ({
  steps: list.map(([id, needs]) => ({ id, run: 'true', ...(needs === undefined ? {} : { needs }) })),
});
const files = (...paths: readonly string[]) => ({ files: paths.map((path) => ({ path, content: '' })) });
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** What fields refuse because of other fields, and what whole lists and the whole spec refuse. */
export const betweenRefusals: readonly RefusalRow[] = [
  ['an unknown field', { hostname: 'a' }, 'hostname', 'spec.unknown_key'],
  ['a mistyped field', { pakages: {} }, 'pakages', 'spec.unknown_key'],
  ['a field in another place', { packages: { name: 'x' } }, 'packages.name', 'spec.unknown_key'],
  ['a field of another output', { outputs: [{ type: 'tar', label: 'X' }] }, 'outputs[0].label', 'spec.unknown_key'],
  ['a password', { users: [{ name: 'ops', password: 'hunter2' }] }, 'users[0].password', 'spec.unknown_key'],
  ['a field with an odd name', { 'a b\n': 1 }, '["a b\\n"]', 'spec.unknown_key'],
  ['a prototype', JSON.parse('{"system":{"__proto__":{"hostname":"a"}}}'), 'system.__proto__', 'spec.unknown_key'],
  ['a constructor', { constructor: 1 }, 'constructor', 'spec.unknown_key'],
  ['a package twice', { packages: { install: ['bash', 'zsh', 'bash'] } }, 'packages.install[2]', 'spec.duplicate_name'],
  ['a package to remove twice', { packages: { remove: ['zsh', 'zsh'] } }, 'packages.remove[1]', 'spec.duplicate_name'],
  [
    'a package to install and remove',
    { packages: { install: ['zsh'], remove: ['zsh'] } },
    'packages.remove[0]',
    'spec.duplicate_name',
  ],
  [
    'the kernel to remove',
    { kernel: { package: 'linux-image-rt-amd64' }, packages: { remove: ['linux-image-rt-amd64'] } },
    'packages.remove[0]',
    'spec.duplicate_name',
  ],
  ['a user twice', { users: [{ name: 'ops' }, { name: 'ops' }] }, 'users[1].name', 'spec.duplicate_name'],
  [
    'a uid twice',
    {
      users: [
        { name: 'a', uid: 1_000 },
        { name: 'b', uid: 1_000 },
      ],
    },
    'users[1].uid',
    'spec.duplicate_number',
  ],
  ['a group twice', { groups: [{ name: 'a' }, { name: 'a' }] }, 'groups[1].name', 'spec.duplicate_name'],
  [
    'a gid twice',
    {
      groups: [
        { name: 'a', gid: 1_000 },
        { name: 'b', gid: 1_000 },
      ],
    },
    'groups[1].gid',
    'spec.duplicate_number',
  ],
  [
    'a group with the name of a user',
    { users: [{ name: 'a' }], groups: [{ name: 'a' }] },
    'groups[0].name',
    'spec.duplicate_name',
  ],
  [
    'a membership twice',
    { users: [{ name: 'a', groups: ['sudo', 'sudo'] }] },
    'users[0].groups[1]',
    'spec.duplicate_name',
  ],
  [
    'a membership in the own group',
    { users: [{ name: 'a', groups: ['a'] }] },
    'users[0].groups[0]',
    'spec.duplicate_name',
  ],
  [
    'a key twice',
    { users: [{ name: 'a', sshKeys: [publicKeys.ed25519, `${publicKeys.ed25519} c`] }] },
    'users[0].sshKeys[1]',
    'spec.duplicate_name',
  ],
  ['a file twice', files('/srv/a', '/srv/b', '/srv/a'), 'files[2].path', 'spec.duplicate_name'],
  ['a file below a file', files('/srv/a/b', '/srv/a-b', '/srv/a'), 'files[0].path', 'spec.path_conflict'],
  ['a unit twice', { services: { enable: ['ssh', 'ssh.service'] } }, 'services.enable[1]', 'spec.duplicate_name'],
  [
    'a unit enabled and disabled',
    { services: { enable: ['ssh'], disable: ['ssh'] } },
    'services.disable[0]',
    'spec.duplicate_name',
  ],
  [
    'a unit enabled and masked',
    { services: { enable: ['ssh'], mask: ['ssh.service'] } },
    'services.mask[0]',
    'spec.duplicate_name',
  ],
  ['a step id twice', steps(['a'], ['a']), 'steps[1].id', 'spec.duplicate_name'],
  ['a need twice', steps(['a'], ['b', ['a', 'a']]), 'steps[1].needs[1]', 'spec.duplicate_name'],
  ['an output twice', { outputs: [{ type: 'tar' }, { type: 'tar' }] }, 'outputs[1].type', 'spec.duplicate_name'],
  ['a need that does not exist', steps(['site'], ['b', ['site', 'sit']]), 'steps[1].needs[1]', 'spec.unknown_need'],
  ['a need of a step of the engine', steps(['a', ['packages']]), 'steps[0].needs[0]', 'spec.unknown_need'],
  ['a step that needs itself', steps(['a', ['a']]), 'steps[0].needs[0]', 'spec.circular_needs'],
  ['a circle of two', steps(['a', ['b']], ['b', ['a']]), 'steps[0].needs[0]', 'spec.circular_needs'],
  [
    'a circle of three',
    steps(['x', []], ['a', ['x', 'c']], ['b', ['a']], ['c', ['b']]),
    'steps[1].needs[1]',
    'spec.circular_needs',
  ],
  ['a circle through an implied need', steps(['a', ['c']], ['b'], ['c']), 'steps[0].needs[0]', 'spec.circular_needs'],
  ['a second circle', steps(['a', ['a']], ['b', ['c']], ['c', ['b']]), 'steps[1].needs[0]', 'spec.circular_needs'],
  [
    'too many packages',
    { packages: { install: times(2_001, (index) => `p${index}`) } },
    'packages.install',
    'spec.too_many',
  ],
  ['too many files', files(...times(501, (index) => `/srv/${index}`)), 'files', 'spec.too_many'],
  ['too many users', { users: times(201, (index) => ({ name: `u${index}` })) }, 'users', 'spec.too_many'],
  ['too many groups', { groups: times(201, (index) => ({ name: `g${index}` })) }, 'groups', 'spec.too_many'],
  [
    'too many memberships',
    { users: [{ name: 'a', groups: times(65, (index) => `g${index}`) }] },
    'users[0].groups',
    'spec.too_many',
  ],
  [
    'too many keys',
    { users: [{ name: 'a', sshKeys: times(51, () => publicKeys.p256) }] },
    'users[0].sshKeys',
    'spec.too_many',
  ],
  ['too many units', { services: { mask: times(501, (index) => `u${index}`) } }, 'services.mask', 'spec.too_many'],
  ['too many steps', steps(...times(33, (index) => [`s${index}`, []] as const)), 'steps', 'spec.too_many'],
  ['too many kernel arguments', { kernel: { cmdline: times(65, () => 'a') } }, 'kernel.cmdline', 'spec.too_many'],
  [
    'a kernel line that is too long',
    { kernel: { cmdline: times(10, () => 'a'.repeat(200)) } },
    'kernel.cmdline',
    'spec.too_large',
  ],
];
