import type { SpecErrorCode } from '../../../core/spec/refusal.ts';
import { passwordHashes, publicKeyLine, publicKeys } from './sample-spec.ts';

/** A fragment of a spec that is refused, and where and why. */
export type RefusalRow = readonly [
  what: string,
  fragment: Readonly<Record<string, unknown>>,
  path: string,
  code: SpecErrorCode,
];

const file = (path: string, more: object = {}) => ({ files: [{ path, content: '', ...more }] });
const user = (more: object) => ({ users: [{ name: 'ops', ...more }] });
const step = (more: object) => ({ steps: [{ id: 'site', run: 'true', ...more }] });
const key = (line: string) => user({ sshKeys: [line] });
const base = (more: object) => ({ base: { release: 'trixie', architecture: 'amd64', ...more } });

const forbiddenPaths = [
  ...['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow', '/etc/fstab', '/etc/shadow-', '/etc/machine-id'],
  ...['/etc//passwd', '/./etc/passwd', '//etc/shadow', '/etc/./group', '/etc/fstab/', '/etc/passwd/.', '/etc/passwd/x'],
  ...['/proc/sys/kernel/core_pattern', '/sys/power/state', '/dev/sda', '/run/x', '/var/run/x', '/proc', '/dev//null'],
  ...['/etc/ssh/ssh_host_ed25519_key', '/var/lib/dbus/machine-id'],
].map((path): RefusalRow => [`the forbidden file ${path}`, file(path), 'files[0].path', 'spec.path_forbidden']);

const traversals = ['/srv/../etc/passwd', '/..', '/srv/..', '/../etc/motd'].map(
  (path): RefusalRow => [`the traversal ${path}`, file(path), 'files[0].path', 'spec.path_traversal'],
);

const relatives = ['etc/motd', '', './motd', '../motd', '~/motd'].map(
  (path): RefusalRow => [`the relative path '${path}'`, file(path), 'files[0].path', 'spec.path_relative'],
);

const notNormal = ['/', '//', '/srv//x', '/srv/./x', '/srv/x/', '/srv/a\u0000b', '/srv/a\nb', '/srv/a\u0085b'].map(
  (path): RefusalRow => [`the path ${JSON.stringify(path)}`, file(path), 'files[0].path', 'spec.invalid_value'],
);

const passwords = [
  ...['hunter2', '', '*', '!', 'abiQ6Ep3EYTHc', '$1$abc$OGyl6dDvZCDiGmIVbeuCq/', '$y$', '$6$abc$short', '$6$'],
  ...[`${passwordHashes.yescrypt}x`, `${passwordHashes.sha512}\n`, ` ${passwordHashes.sha256}`, '$2y$05$short'],
].map(
  (value): RefusalRow => [
    `the password ${JSON.stringify(value)}`,
    user({ passwordHash: value }),
    'users[0].passwordHash',
    'spec.plain_password',
  ],
);

const ed25519 = publicKeys.ed25519.split(' ')[1] ?? '';
const badKeys = [
  ...['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'ssh-dss AAAAB3NzaC1kc3M= x', ed25519, `ssh-rsa ${ed25519} x`],
  ...[`${publicKeys.ed25519}\n${publicKeys.rsa}`, `${publicKeys.ed25519}\n`, `no-pty ${publicKeys.ed25519}`],
  ...[`command="sh" ${publicKeys.ed25519}`, `ssh-ed25519 ${ed25519.slice(0, -4)}`, `ssh-ed25519 ${ed25519}AAAA`],
  ...['-----BEGIN OPENSSH PRIVATE KEY-----', 'constructor AAAA', `ssh-ed25519  ${ed25519}`],
  publicKeyLine('ssh-ed25519', [new Uint8Array(31)]),
  publicKeyLine('ssh-rsa', [new Uint8Array(3), new Uint8Array(64)]),
].map(
  (line): RefusalRow => [
    `the key ${JSON.stringify(line.slice(0, 40))}`,
    key(line),
    'users[0].sshKeys[0]',
    'spec.invalid_value',
  ],
);

const reservedUsers = ['root', 'nobody', 'www-data', 'sshd', 'systemd-network', 'sudo', 'audio', 'shadow'].map(
  (name): RefusalRow => [`the user ${name}`, { users: [{ name }] }, 'users[0].name', 'spec.reserved_name'],
);

const reservedSteps = [
  'bootstrap',
  'packages',
  'system',
  'initramfs',
  'groups',
  'users',
  'files',
  'services',
  'first-boot',
  'iso',
  'raw',
  'tar',
  'oci',
  'docker',
  'qcow2',
  'vmdk',
  'vhd',
  'vhdx',
  'ova',
  'netboot',
  'wsl',
].map((id): RefusalRow => [`the step id ${id}`, step({ id }), 'steps[0].id', 'spec.reserved_name']);

const hostnames = ['', '-a', 'a-', 'a_b', 'a..b', 'a.', '.a', 'a b', '10.0.0.1', 'é', 'a\n', 'a'.repeat(64)].map(
  (hostname): RefusalRow => [
    `the host name ${JSON.stringify(hostname.slice(0, 20))}`,
    { system: { hostname } },
    'system.hostname',
    'spec.invalid_value',
  ],
);

const packageNames = [
  'a',
  'Nginx',
  'nginx=1.0',
  'nginx/trixie',
  'libc6:i386',
  '-o',
  'nginx-',
  'lib*',
  'a b',
  'a\nb',
  '^lib',
].map(
  (name): RefusalRow => [
    `the package ${JSON.stringify(name)}`,
    { packages: { install: ['bash', name] } },
    'packages.install[1]',
    'spec.invalid_value',
  ],
);

const kernelArguments = [
  'a b',
  '',
  'a\nb',
  'a;b',
  '$x',
  '"q"',
  "it's",
  'a\\b',
  'a{b}',
  'a\u0000',
  'a#b',
  'a|b',
  'a&b',
].map(
  (argument): RefusalRow => [
    `the kernel argument ${JSON.stringify(argument)}`,
    { kernel: { cmdline: ['quiet', argument] } },
    'kernel.cmdline[1]',
    'spec.invalid_value',
  ],
);

const units = ['', '-x', 'a b', '../x', 'a/b', 'a\u0000', '--root=/', '$x'].map(
  (unit): RefusalRow => [
    `the unit ${JSON.stringify(unit)}`,
    { services: { mask: [unit] } },
    'services.mask[0]',
    'spec.invalid_value',
  ],
);

/** What single fields refuse. */
export const fieldRefusals: readonly RefusalRow[] = [
  ...forbiddenPaths,
  ...traversals,
  ...relatives,
  ...notNormal,
  ...passwords,
  ...badKeys,
  ...reservedUsers,
  ...reservedSteps,
  ...hostnames,
  ...packageNames,
  ...kernelArguments,
  ...units,
  ['a path that is too long', file(`/${'a/'.repeat(2_100)}a`), 'files[0].path', 'spec.too_large'],
  ['a path component that is too long', file(`/srv/${'é'.repeat(128)}`), 'files[0].path', 'spec.too_large'],
  ['a content with NUL', file('/srv/x', { content: 'a\u0000' }), 'files[0].content', 'spec.invalid_value'],
  [
    'a content that is too large',
    file('/srv/x', { content: 'é'.repeat(70_000) }),
    'files[0].content',
    'spec.too_large',
  ],
  ['a content with half a character', file('/srv/x', { content: 'a\ud800' }), 'files[0].content', 'spec.invalid_value'],
  ['a mode of three digits', file('/srv/x', { mode: '644' }), 'files[0].mode', 'spec.invalid_value'],
  ['a mode that is no octal number', file('/srv/x', { mode: '0698' }), 'files[0].mode', 'spec.invalid_value'],
  ['a mode without quotes', file('/srv/x', { mode: 644 }), 'files[0].mode', 'spec.invalid_value'],
  ['an owner with a colon', file('/srv/x', { owner: 'a:b' }), 'files[0].owner', 'spec.invalid_value'],
  ['an owner like an option', file('/srv/x', { owner: '--reference=/x' }), 'files[0].owner', 'spec.invalid_value'],
  ['a group that is a negative number', file('/srv/x', { group: '-1' }), 'files[0].group', 'spec.invalid_value'],
  ['a file without content', { files: [{ path: '/srv/x' }] }, 'files[0].content', 'spec.missing'],
  ['a user name in upper case', { users: [{ name: 'Ops' }] }, 'users[0].name', 'spec.invalid_value'],
  ['a user name with a colon', { users: [{ name: 'a:0' }] }, 'users[0].name', 'spec.invalid_value'],
  ['a user name with a line end', { users: [{ name: 'ops\n' }] }, 'users[0].name', 'spec.invalid_value'],
  ['a user name that is too long', { users: [{ name: 'a'.repeat(33) }] }, 'users[0].name', 'spec.too_large'],
  ['a uid of the system', user({ uid: 0 }), 'users[0].uid', 'spec.invalid_value'],
  ['a uid that is no whole number', user({ uid: 1000.5 }), 'users[0].uid', 'spec.invalid_value'],
  ['a uid that is too large', user({ uid: 65_536 }), 'users[0].uid', 'spec.invalid_value'],
  ['a shell with a space', user({ shell: '/bin/sh -c' }), 'users[0].shell', 'spec.invalid_value'],
  ['a relative shell', user({ shell: 'bash' }), 'users[0].shell', 'spec.invalid_value'],
  ['a shell by traversal', user({ shell: '/bin/../bin/sh' }), 'users[0].shell', 'spec.invalid_value'],
  ['a home in /etc', user({ home: '/etc' }), 'users[0].home', 'spec.path_forbidden'],
  ['a home in /proc', user({ home: '/proc/1' }), 'users[0].home', 'spec.path_forbidden'],
  ['a home by traversal', user({ home: '/home/../etc' }), 'users[0].home', 'spec.path_traversal'],
  ['a home with a colon', user({ home: '/home/a:b' }), 'users[0].home', 'spec.invalid_value'],
  ['a comment with a colon', user({ comment: 'a:b' }), 'users[0].comment', 'spec.invalid_value'],
  ['a comment with a line end', user({ comment: 'a\nroot' }), 'users[0].comment', 'spec.invalid_value'],
  ['a comment that is too long', user({ comment: 'a'.repeat(257) }), 'users[0].comment', 'spec.too_large'],
  ['a membership with a comma', user({ groups: ['a,b'] }), 'users[0].groups[0]', 'spec.invalid_value'],
  ['a key that is too long', key(`ssh-rsa ${'A'.repeat(20_000)}`), 'users[0].sshKeys[0]', 'spec.too_large'],
  ['a group of the distribution', { groups: [{ name: 'sudo' }] }, 'groups[0].name', 'spec.reserved_name'],
  ['a group without a name', { groups: [{ gid: 1_000 }] }, 'groups[0].name', 'spec.missing'],
  ['a gid of the system', { groups: [{ name: 'a', gid: 27 }] }, 'groups[0].gid', 'spec.invalid_value'],
  [
    'a host name that is too long',
    { system: { hostname: `${'a.'.repeat(40)}a` } },
    'system.hostname',
    'spec.invalid_value',
  ],
  ['a time zone by traversal', { system: { timezone: '../etc/passwd' } }, 'system.timezone', 'spec.invalid_value'],
  ['a time zone as an offset', { system: { timezone: '+01:00' } }, 'system.timezone', 'spec.invalid_value'],
  ['a locale that is not in UTF-8', { system: { locale: 'de_DE.ISO-8859-1' } }, 'system.locale', 'spec.invalid_value'],
  ['a locale with a command', { system: { locale: 'C.UTF-8; id' } }, 'system.locale', 'spec.invalid_value'],
  ['a keyboard with a quote', { system: { keyboard: 'us"' } }, 'system.keyboard', 'spec.invalid_value'],
  ['a kernel that is another package', { kernel: { package: 'bash' } }, 'kernel.package', 'spec.invalid_value'],
  ['a kernel to remove', { kernel: { package: 'linux-image-amd64-' } }, 'kernel.package', 'spec.invalid_value'],
  [
    'a kernel argument that is too long',
    { kernel: { cmdline: ['a'.repeat(257)] } },
    'kernel.cmdline[0]',
    'spec.too_large',
  ],
  ['a step id with a slash', step({ id: 'a/b' }), 'steps[0].id', 'spec.invalid_value'],
  ['a step without a script', { steps: [{ id: 'a' }] }, 'steps[0].run', 'spec.missing'],
  ['an empty script', step({ run: ' \n' }), 'steps[0].run', 'spec.invalid_value'],
  ['a script with NUL', step({ run: 'a\u0000b' }), 'steps[0].run', 'spec.invalid_value'],
  ['a script that is too long', step({ run: 'a'.repeat(65_537) }), 'steps[0].run', 'spec.too_large'],
  ['a step without any time', step({ timeoutSeconds: 0 }), 'steps[0].timeoutSeconds', 'spec.invalid_value'],
  ['a step of more than an hour', step({ timeoutSeconds: 3_601 }), 'steps[0].timeoutSeconds', 'spec.invalid_value'],
  ['network as a text', step({ network: 'yes' }), 'steps[0].network', 'spec.invalid_value'],
  ['a label in lower case', { outputs: [{ type: 'iso', label: 'edge' }] }, 'outputs[0].label', 'spec.invalid_value'],
  [
    'a label that is too long',
    { outputs: [{ type: 'iso', label: 'A'.repeat(33) }] },
    'outputs[0].label',
    'spec.too_large',
  ],
  ['a disk label of 17', { outputs: [{ type: 'raw', label: 'A'.repeat(17) }] }, 'outputs[0].label', 'spec.too_large'],
  [
    'a disk that is too small',
    { outputs: [{ type: 'raw', sizeMiB: 511 }] },
    'outputs[0].sizeMiB',
    'spec.invalid_value',
  ],
  [
    'a disk that is too large',
    { outputs: [{ type: 'raw', sizeMiB: 51_201 }] },
    'outputs[0].sizeMiB',
    'spec.invalid_value',
  ],
  ['a disk of half a MiB', { outputs: [{ type: 'raw', sizeMiB: 600.5 }] }, 'outputs[0].sizeMiB', 'spec.invalid_value'],
  ['an output without a type', { outputs: [{}] }, 'outputs[0].type', 'spec.missing'],
  ['an output that does not exist', { outputs: [{ type: 'qcow3' }] }, 'outputs[0].type', 'spec.unsupported_output'],
  ['an output that is a text', { outputs: ['iso'] }, 'outputs[0]', 'spec.invalid_value'],
  ['no output', { outputs: [] }, 'outputs', 'spec.invalid_value'],
  ['a name with a slash', { name: 'a/b' }, 'name', 'spec.invalid_value'],
  ['a name with `..`', { name: '..' }, 'name', 'spec.invalid_value'],
  ['a name that is empty', { name: '' }, 'name', 'spec.invalid_value'],
  ['a name that is null', { name: null }, 'name', 'spec.invalid_value'],
  ['a missing name', { name: undefined }, 'name', 'spec.missing'],
  ['a missing base', { base: undefined }, 'base', 'spec.missing'],
  ['a missing version', { schemaVersion: undefined }, 'schemaVersion', 'spec.missing'],
  ['another version', { schemaVersion: 2 }, 'schemaVersion', 'spec.unsupported_version'],
  ['the version as a text', { schemaVersion: '1' }, 'schemaVersion', 'spec.unsupported_version'],
  ['a missing release', base({ release: undefined }), 'base.release', 'spec.missing'],
  ['a release that cannot be built', base({ release: 'potato' }), 'base.release', 'spec.unsupported_release'],
  ['a release that is an inherited name', base({ release: 'toString' }), 'base.release', 'spec.unsupported_release'],
  ['another distribution', base({ distribution: 'gentoo' }), 'base.distribution', 'spec.unsupported_distribution'],
  ['an unknown architecture', base({ architecture: 'x86_64' }), 'base.architecture', 'spec.unsupported_architecture'],
  [
    'a snapshot without an archive of them',
    base({ snapshot: '20261101T000000Z' }),
    'base.snapshot',
    'spec.unsupported_snapshot',
  ],
  ['a lock that is none', { lock: 'lock.json' }, 'lock', 'spec.invalid_value'],
  ['packages as a list', { packages: ['bash'] }, 'packages', 'spec.invalid_value'],
  ['users as an object', { users: { ops: {} } }, 'users', 'spec.invalid_value'],
  ['recommends as a number', { packages: { recommends: 1 } }, 'packages.recommends', 'spec.invalid_value'],
];
