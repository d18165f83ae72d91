import type { RefusalRow } from './field-refusals.ts';
import { publicKeys } from './sample-spec.ts';

const removal = (path: string) => ({ remove: [{ path }] });
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const needed = [
  ...[
    '/boot',
    '/boot/vmlinuz-6.1',
    '/usr',
    '/usr/lib',
    '/lib',
    '/bin',
    '/sbin',
    '/usr/bin',
    '/lib/modules/6.1',
    '/etc',
  ],
  ...['/var', '/var/lib', '/var/lib/dpkg', '/var/lib/dpkg/status', '/var/lib/dpkg/info/bash.list', '/usr/lib/modules'],
  ...['/bin/sh', '/usr/bin/dpkg', '/sbin/init', '/lib/systemd/systemd', '/usr/lib/systemd', '/etc/systemd/system'],
  ...['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2', '/usr/lib64'],
  ...['/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1', '/etc/passwd', '/etc/shadow', '/etc/fstab', '/etc/machine-id'],
  ...['/dev', '/proc/1', '/run', '/usr/lib/lbuild', '/var/lib/lbuild/first-boot/done', '/home', '/root', '/usr/share'],
].map((path): RefusalRow => [`the removal of ${path}`, removal(path), 'remove[0].path', 'spec.path_forbidden']);

const ours = [
  ...['/usr/lib/lbuild/first-boot/01-x', '/var/lib/lbuild/first-boot/done', '/etc/sudoers.d/lbuild-ops'],
  ...['/etc/systemd/system/lbuild-first-boot.service', '/etc/apt/preferences.d/lbuild.pref'],
  '/lib/lbuild/run-first-boot',
].map(
  (path): RefusalRow => [
    `the file ${path} of the engine`,
    { files: [{ path, content: '' }] },
    'files[0].path',
    'spec.path_forbidden',
  ],
);

/** What a spec has made, and a removal that would take it away. */
const made: readonly (readonly [what: string, fragment: object, path: string])[] = [
  ['the rules of sudo', { users: [{ name: 'ops', sudo: true }] }, '/etc/sudoers.d'],
  ['the pins', { packages: { pins: [{ package: 'curl', version: '8.*', priority: 500 }] } }, '/etc/apt/preferences.d'],
  ['a home folder', { users: [{ name: 'ops' }] }, '/home/ops'],
  ['what is above a home folder', { users: [{ name: 'ops', home: '/srv/app/ops' }] }, '/srv/app'],
  ['the keys of a user', { users: [{ name: 'ops', sshKeys: [publicKeys.ed25519] }] }, '/home/ops/.ssh'],
  ['the spec', { embedSpec: true }, '/usr/share/lbuild/spec.json'],
  ['the folder of the spec', { embedSpec: true }, '/usr/share/lbuild'],
  ['the keys of root', { rootAccount: { sshKeys: [publicKeys.ed25519] } }, '/root/.ssh/authorized_keys'],
];

const specPath = '/usr/share/lbuild/spec.json';
const inPlaceOfSpec = [
  ...[specPath, `${specPath}/x`, '/usr/share/lbuild', '/usr/share'].map((path): [object, string] => [
    {
      files: [
        { path: '/srv/a', content: '' },
        { path, content: '' },
      ],
    },
    'files[1].path',
  ]),
  ...[specPath, `${specPath}/x/y`].map((path): [object, string] => [
    { directories: [{ path }] },
    'directories[0].path',
  ]),
].map(
  ([fragment, path]): RefusalRow => [
    `${JSON.stringify(fragment)} in the place of the spec`,
    { embedSpec: true, ...fragment },
    path,
    'spec.contradiction',
  ],
);

const base64s = ['A', 'AA', 'AAA', 'AAAAA', 'AB==', 'AAB=', 'A===', '====', 'AA==AAAA', 'AAA\n', 'AA A', 'AA-_'].map(
  (base64): RefusalRow => [
    `the base64 ${JSON.stringify(base64)}`,
    { files: [{ path: '/srv/x', base64 }] },
    'files[0].base64',
    'spec.invalid_value',
  ],
);

/** What the fields of folders, files in base64 and removals refuse, each alone and together. */
export const treeRefusals: readonly RefusalRow[] = [
  ...needed,
  ...ours,
  ...inPlaceOfSpec,
  ['a spec to embed by name', { embedSpec: 'yes' }, 'embedSpec', 'spec.invalid_value'],
  ...base64s,
  ['a folder that is the root', { directories: [{ path: '/' }] }, 'directories[0].path', 'spec.invalid_value'],
  ['a folder by traversal', { directories: [{ path: '/srv/../etc' }] }, 'directories[0].path', 'spec.path_traversal'],
  [
    'a folder of the running system',
    { directories: [{ path: '/run/x' }] },
    'directories[0].path',
    'spec.path_forbidden',
  ],
  ['a folder without a path', { directories: [{ mode: '0755' }] }, 'directories[0].path', 'spec.missing'],
  [
    'a mode of a folder',
    { directories: [{ path: '/srv/a', mode: '755' }] },
    'directories[0].mode',
    'spec.invalid_value',
  ],
  [
    'an owner of a folder',
    { directories: [{ path: '/srv/a', owner: 'a b' }] },
    'directories[0].owner',
    'spec.invalid_value',
  ],
  ...['4294967295', '9999999999'].flatMap((number): RefusalRow[] => [
    [
      `the owner ${number} of a folder`,
      { directories: [{ path: '/srv/a', owner: number }] },
      'directories[0].owner',
      'spec.invalid_value',
    ],
    [
      `the group ${number} of a file`,
      { files: [{ path: '/srv/a', content: '', group: number }] },
      'files[0].group',
      'spec.invalid_value',
    ],
  ]),
  [
    'a content of a folder',
    { directories: [{ path: '/srv/a', content: '' }] },
    'directories[0].content',
    'spec.unknown_key',
  ],
  [
    'a folder twice',
    { directories: [{ path: '/srv/a' }, { path: '/srv/a' }] },
    'directories[1].path',
    'spec.duplicate_name',
  ],
  [
    'a folder that is a file too',
    { directories: [{ path: '/srv/a' }], files: [{ path: '/srv/a', content: '' }] },
    'directories[0].path',
    'spec.duplicate_name',
  ],
  [
    'a folder below a file',
    { directories: [{ path: '/srv/a/b' }], files: [{ path: '/srv/a', content: '' }] },
    'directories[0].path',
    'spec.path_conflict',
  ],
  [
    'too many folders',
    { directories: times(501, (index) => ({ path: `/srv/${index}` })) },
    'directories',
    'spec.too_many',
  ],
  ['a removal by traversal', removal('/srv/..'), 'remove[0].path', 'spec.path_traversal'],
  ['a removal that is relative', removal('srv'), 'remove[0].path', 'spec.path_relative'],
  ['a removal that is a text', { remove: ['/srv/a'] }, 'remove[0]', 'spec.invalid_value'],
  ['a removal twice', { remove: [{ path: '/srv/a' }, { path: '/srv/a' }] }, 'remove[1].path', 'spec.duplicate_name'],
  [
    'a removal below another',
    { remove: [{ path: '/srv/a/b' }, { path: '/srv/a' }] },
    'remove[0].path',
    'spec.path_conflict',
  ],
  [
    'a removal of a file of the spec',
    { files: [{ path: '/srv/a', content: '' }], remove: [{ path: '/srv/a' }] },
    'remove[0].path',
    'spec.duplicate_name',
  ],
  [
    'a removal of a folder above a file of the spec',
    { files: [{ path: '/srv/a/b', content: '' }], remove: [{ path: '/srv/a' }] },
    'files[0].path',
    'spec.path_conflict',
  ],
  [
    'a removal of a folder of the spec',
    { directories: [{ path: '/srv/a' }], remove: [{ path: '/srv/a' }] },
    'remove[0].path',
    'spec.duplicate_name',
  ],
  ...made.map(
    ([what, fragment, path]): RefusalRow => [
      `the removal of ${path}, ${what}`,
      { ...fragment, remove: [{ path: '/srv/a' }, { path }] },
      'remove[1].path',
      'spec.contradiction',
    ],
  ),
  ['too many removals', { remove: times(501, (index) => ({ path: `/srv/${index}` })) }, 'remove', 'spec.too_many'],
  [
    'a file with two contents',
    { files: [{ path: '/srv/x', content: '', base64: '' }] },
    'files[0].base64',
    'spec.invalid_value',
  ],
  [
    'a base64 of too many bytes',
    { files: [{ path: '/srv/x', base64: 'A'.repeat(174_768) }] },
    'files[0].base64',
    'spec.too_large',
  ],
  ...['a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(63)}g`, `${'a'.repeat(64)}\n`, 'sha256:x', ''].map(
    (upload): RefusalRow => [
      `the upload ${JSON.stringify(upload)}`,
      { files: [{ path: '/srv/x', upload }] },
      'files[0].upload',
      upload.length > 64 ? 'spec.too_large' : 'spec.invalid_value',
    ],
  ),
  [
    'an upload beside a text',
    { files: [{ path: '/srv/x', content: '', upload: 'a'.repeat(64) }] },
    'files[0].upload',
    'spec.invalid_value',
  ],
  [
    'an upload beside base64',
    { files: [{ path: '/srv/x', base64: '', upload: 'a'.repeat(64) }] },
    'files[0].upload',
    'spec.invalid_value',
  ],
  [
    'an upload whose bytes no image would hold',
    { files: [{ path: '/var/log/x', upload: 'a'.repeat(64) }] },
    'files[0].path',
    'spec.path_forbidden',
  ],
];
