import { certificates } from './certificate-samples.ts';
import type { RefusalRow } from './field-refusals.ts';

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 50);

/** Rows that differ in one value only; it is wrong by itself. */
const each = (
  what: string,
  values: readonly unknown[],
  fragment: (value: unknown) => Readonly<Record<string, unknown>>,
  path: string,
): RefusalRow[] =>
  values.map((value) => [`the ${what} ${shown(value)}`, fragment(value), path, 'spec.invalid_value'] as const);

const rule = (more: object) => ({ firewall: { allow: [{ port: '22', ...more }] } });

/** What ends a line, a word or a value in one of the files that are written. */
const hostile = [
  '',
  'a\nb',
  'a b',
  'a\tb',
  'a"b',
  "a'b",
  'a;b',
  'a#b',
  'a{b',
  'a\\b',
  'a\u0000b',
  '$(id)',
  'a\u2028b',
  'a\n',
];

const servers = [...hostile, 'a_b', '-a', 'a-', 'a..b', '10.0.0.256', '10.0.0', 'fe80::1%eth0', '[::1]', 'a/b', ':::'];
const ports = [...hostile, '0', '65536', '80-', '-80', '90-80', '80-80', '80-65536', '1-2-3', '080', 'http', '1.5'];
const networks = [
  ...hostile,
  ...[
    '10.0.0.0/33',
    '10.0.0.1/8',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0',
    '010.0.0.0/8',
    '10.0.0.0/8/8',
    '2001:db8::1/32',
  ],
  ...[
    '2001:db8::/129',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'fffff::',
    '::ffff:1.2.3.4',
    'host',
  ],
];
const parameters = [
  ...hostile,
  'ip_forward',
  'net..x',
  'net.',
  '.net',
  'Net.x',
  'net.../../etc/passwd',
  '-net.x',
  'net=x',
  'net.x*',
];
const values = ['', ' 1', '1 ', '1\n', '1\nkernel.x = 2', '1\r2', '\u0000', 'ä', '1\u2028'];
const modules = [...hostile, '-x', '/lib/x.ko', 'x.ko', 'x y', '../x', 'x,y'];
const accounts = [...hostile, '*', 'ops@10.0.0.1', '!ops', 'Ops', 'a,b', '-a'];
const rebootTimes = ['', '3:30', '24:00', '03:60', 'now', '+5', '3:30\n', '3:30"'];

const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
const badCertificates = [
  ...['', 'x', key, `${certificates.root}${key}`, `${certificates.root}${certificates.other}`, certificates.server],
  ...[
    certificates.root.slice(0, -40),
    `Subject: CN=x\n${certificates.root}`,
    certificates.root.replace('MIIB', 'AAAA'),
  ],
  ...[
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    certificates.root.replaceAll('CERTIFICATE', 'X509 CRL'),
  ],
  ...[certificates.root.replace('\n', '\n\u0000'), `${certificates.root}x`],
];

/** What the fields of configuration sections refuse by themselves. */
export const configurationRefusals: readonly RefusalRow[] = [
  ...each('server', servers, (server) => ({ system: { ntp: { servers: [server] } } }), 'system.ntp.servers[0]'),
  ...each('port', ports, (port) => rule({ port }), 'firewall.allow[0].port'),
  ...each('source', networks, (source) => rule({ sources: [source] }), 'firewall.allow[0].sources[0]'),
  ...parameters.map(
    (name): RefusalRow => [
      `the kernel parameter ${shown(name)}`,
      { sysctl: { [name]: '1' } },
      /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? `sysctl.${name}` : `sysctl[${JSON.stringify(name)}]`,
      'spec.invalid_value',
    ],
  ),
  ...each('parameter value', values, (value) => ({ sysctl: { 'vm.x': value } }), 'sysctl["vm.x"]'),
  ...each('module', modules, (name) => ({ kernel: { modules: { load: [name] } } }), 'kernel.modules.load[0]'),
  ...each('blocked module', modules, (name) => ({ kernel: { modules: { block: [name] } } }), 'kernel.modules.block[0]'),
  ...each('user of ssh', accounts, (name) => ({ ssh: { allowUsers: [name] } }), 'ssh.allowUsers[0]'),
  ...each('group of ssh', accounts, (name) => ({ ssh: { allowGroups: [name] } }), 'ssh.allowGroups[0]'),
  ...each('port of ssh', [0, 65_536, 1.5, '22'], (port) => ({ ssh: { ports: [port] } }), 'ssh.ports[0]'),
  ...each('certificate', badCertificates, (text) => ({ certificates: [text] }), 'certificates[0]'),
  ...each(
    'data source',
    ['', 'ec2', 'None ]\nx: [', 'toString'],
    (name) => ({ cloudInit: { datasources: [name] } }),
    'cloudInit.datasources[0]',
  ),
  ...each(
    'time to reboot',
    rebootTimes,
    (rebootTime) => ({ updates: { automaticReboot: true, rebootTime } }),
    'updates.rebootTime',
  ),
  ['a time to reboot that goes on', { updates: { rebootTime: '03:30";' } }, 'updates.rebootTime', 'spec.too_large'],
  ['a parameter as a number', { sysctl: { 'vm.x': 1 } }, 'sysctl["vm.x"]', 'spec.invalid_value'],
  ['a port without quotes', rule({ port: 22 }), 'firewall.allow[0].port', 'spec.invalid_value'],
  ['another protocol', rule({ protocol: 'icmp' }), 'firewall.allow[0].protocol', 'spec.invalid_value'],
  ['another verdict', { firewall: { default: 'reject' } }, 'firewall.default', 'spec.invalid_value'],
  ['a rule without a port', { firewall: { allow: [{ protocol: 'tcp' }] } }, 'firewall.allow[0].port', 'spec.missing'],
  [
    'a way in for root that is not there',
    { ssh: { permitRootLogin: true } },
    'ssh.permitRootLogin',
    'spec.invalid_value',
  ],
  ['nobody that may log in', { ssh: { allowUsers: [] } }, 'ssh.allowUsers', 'spec.invalid_value'],
  ['no port of ssh', { ssh: { ports: [] } }, 'ssh.ports', 'spec.invalid_value'],
  ['no attempt to log in', { ssh: { maxAuthTries: 0 } }, 'ssh.maxAuthTries', 'spec.invalid_value'],
  ['cloud-init without a source', { cloudInit: {} }, 'cloudInit.datasources', 'spec.missing'],
  ['cloud-init of no source', { cloudInit: { datasources: [] } }, 'cloudInit.datasources', 'spec.invalid_value'],
  ['other updates', { updates: { unattended: 'weekly' } }, 'updates.unattended', 'spec.invalid_value'],
  [
    'a server name that is too long',
    { system: { ntp: { servers: ['a.'.repeat(150)] } } },
    'system.ntp.servers[0]',
    'spec.too_large',
  ],
  [
    'a module that is too long',
    { kernel: { modules: { load: ['a'.repeat(56)] } } },
    'kernel.modules.load[0]',
    'spec.too_large',
  ],
  ['a value that is too long', { sysctl: { 'vm.x': 'a'.repeat(257) } }, 'sysctl["vm.x"]', 'spec.too_large'],
  [
    'a certificate that is too long',
    { certificates: [`${certificates.root}${'\n'.repeat(16_384)}`] },
    'certificates[0]',
    'spec.too_large',
  ],
  [
    'too many servers',
    { system: { ntp: { servers: times(17, (at) => `a${at}`) } } },
    'system.ntp.servers',
    'spec.too_many',
  ],
  [
    'too many rules',
    { firewall: { allow: times(129, (at) => ({ port: `${at + 1}` })) } },
    'firewall.allow',
    'spec.too_many',
  ],
  [
    'too many sources',
    rule({ sources: times(65, (at) => `10.0.0.${at}`) }),
    'firewall.allow[0].sources',
    'spec.too_many',
  ],
  [
    'too many parameters',
    { sysctl: Object.fromEntries(times(257, (at) => [`vm.x${at}`, '1'])) },
    'sysctl',
    'spec.too_many',
  ],
  [
    'too many modules',
    { kernel: { modules: { block: times(129, (at) => `m${at}`) } } },
    'kernel.modules.block',
    'spec.too_many',
  ],
  ['too many ports of ssh', { ssh: { ports: times(9, (at) => at + 1) } }, 'ssh.ports', 'spec.too_many'],
  ['too many users of ssh', { ssh: { allowUsers: times(65, (at) => `u${at}`) } }, 'ssh.allowUsers', 'spec.too_many'],
  ['too many certificates', { certificates: times(33, () => certificates.root) }, 'certificates', 'spec.too_many'],
];
