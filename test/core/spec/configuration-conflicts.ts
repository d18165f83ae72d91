import { certificates } from './certificate-samples.ts';
import type { RefusalRow } from './field-refusals.ts';

const rule = (more: object) => ({ firewall: { allow: [{ port: '22', ...more }] } });
const images = { outputs: [{ type: 'oci' }, { type: 'docker' }] };
const file = (path: string) => ({ files: [{ path, content: '' }] });

/** A file of each section, and a spec that has it written. */
const sectionFiles: readonly (readonly [path: string, section: object])[] = [
  ['/etc/nftables.conf', { firewall: {} }],
  ['/etc/sysctl.d/99-spec-lbuild.conf', { sysctl: { 'vm.x': '1' } }],
  ['/etc/ssh/sshd_config.d/40-lbuild.conf', { ssh: {} }],
  ['/etc/systemd/timesyncd.conf.d/lbuild.conf', { system: { ntp: { servers: ['a'] } } }],
  ['/etc/modules-load.d/lbuild.conf', { kernel: { modules: { load: ['a'] } } }],
  ['/etc/modprobe.d/lbuild.conf', { kernel: { modules: { block: ['a'] } } }],
  ['/usr/local/share/ca-certificates/lbuild-f208f49ba623.crt', { certificates: [certificates.root] }],
  ['/etc/cloud/cloud.cfg.d/95-lbuild.cfg', { cloudInit: { datasources: ['Ec2'] } }],
  ['/etc/apt/apt.conf.d/52lbuild-unattended-upgrades', { updates: {} }],
  ['/etc/apt/apt.conf.d/20auto-upgrades', { updates: { unattended: 'none' } }],
];

/** What sections of configuration refuse between their members, and between them and the fields beside them. */
export const configurationConflicts: readonly RefusalRow[] = [
  ['a server twice', { system: { ntp: { servers: ['a', 'b', 'a'] } } }, 'system.ntp.servers[2]', 'spec.duplicate_name'],
  [
    'a port twice',
    { firewall: { allow: [{ port: '53' }, { port: '53', protocol: 'udp' }, { port: '53', sources: ['::1'] }] } },
    'firewall.allow[2].port',
    'spec.duplicate_name',
  ],
  [
    'a source twice',
    rule({ sources: ['2001:db8::/32', '2001:0DB8:0::/32'] }),
    'firewall.allow[0].sources[1]',
    'spec.duplicate_name',
  ],
  [
    'an address twice',
    rule({ sources: ['10.0.0.1', '10.0.0.1/32'] }),
    'firewall.allow[0].sources[1]',
    'spec.duplicate_name',
  ],
  [
    'a module twice',
    { kernel: { modules: { load: ['usb-storage', 'usb_storage'] } } },
    'kernel.modules.load[1]',
    'spec.duplicate_name',
  ],
  ['a port of ssh twice', { ssh: { ports: [22, 2_222, 22] } }, 'ssh.ports[2]', 'spec.duplicate_name'],
  ['a user of ssh twice', { ssh: { allowUsers: ['a', 'a'] } }, 'ssh.allowUsers[1]', 'spec.duplicate_name'],
  ['a group of ssh twice', { ssh: { allowGroups: ['a', 'a'] } }, 'ssh.allowGroups[1]', 'spec.duplicate_name'],
  [
    'a certificate twice',
    { certificates: [certificates.root, certificates.root.replaceAll('\n', '\r\n')] },
    'certificates[1]',
    'spec.duplicate_name',
  ],
  [
    'a data source twice',
    { cloudInit: { datasources: ['Ec2', 'Ec2'] } },
    'cloudInit.datasources[1]',
    'spec.duplicate_name',
  ],
  [
    'servers that nothing asks',
    { system: { ntp: { enabled: false, servers: ['a'] } } },
    'system.ntp.servers',
    'spec.contradiction',
  ],
  [
    'rules where all is let in',
    { firewall: { default: 'accept', allow: [{ port: '22' }] } },
    'firewall.allow',
    'spec.contradiction',
  ],
  [
    'a module loaded and blocked',
    { kernel: { modules: { load: ['a_b'], block: ['c', 'a-b'] } } },
    'kernel.modules.block[1]',
    'spec.contradiction',
  ],
  [
    'a reboot after no update',
    { updates: { unattended: 'none', automaticReboot: true } },
    'updates.automaticReboot',
    'spec.contradiction',
  ],
  ['a time of no reboot', { updates: { rebootTime: '03:30' } }, 'updates.rebootTime', 'spec.contradiction'],
  ...['certificates', 'configuration', 'kernel-modules'].map(
    (id): RefusalRow => [`the step id ${id}`, { steps: [{ id, run: 'true' }] }, 'steps[0].id', 'spec.reserved_name'],
  ),
  ...sectionFiles.map(
    ([path, section]): RefusalRow => [
      `the file ${path} of a section`,
      { ...section, ...file(path) },
      'files[0].path',
      'spec.duplicate_name',
    ],
  ),
  [
    'a file below that of a section',
    { firewall: {}, ...file('/etc/nftables.conf/x') },
    'files[0].path',
    'spec.path_conflict',
  ],
  ['a file above that of a section', { ssh: {}, ...file('/etc/ssh') }, 'files[0].path', 'spec.path_conflict'],
  [
    'a folder in the place of the file of a section',
    { firewall: {}, directories: [{ path: '/srv/a' }, { path: '/etc/nftables.conf' }] },
    'directories[1].path',
    'spec.path_conflict',
  ],
  [
    'a folder below the file of a section',
    { firewall: {}, directories: [{ path: '/etc/nftables.conf/x' }] },
    'directories[0].path',
    'spec.path_conflict',
  ],
  [
    'the removal of what a section writes',
    { firewall: {}, remove: [{ path: '/srv/a' }, { path: '/etc/nftables.conf' }] },
    'remove[1].path',
    'spec.contradiction',
  ],
  [
    'the removal of a folder of what a section writes',
    { sysctl: { 'vm.swappiness': '10' }, remove: [{ path: '/etc/sysctl.d' }] },
    'remove[0].path',
    'spec.contradiction',
  ],
  ...[
    { content: 'PermitRootLogin no\n#Include /etc/ssh/sshd_config.d/*.conf\n' },
    { content: '' },
    { base64: 'UG9ydCAyMgo=' },
  ].map(
    (text): RefusalRow => [
      `a sshd_config without the folder of the section (${JSON.stringify(text)})`,
      { ssh: {}, files: [{ path: '/etc/ssh/sshd_config', ...text }] },
      `files[0].${text.content === undefined ? 'base64' : 'content'}`,
      'spec.contradiction',
    ],
  ),
  [
    'a sshd_config that is an upload, beside the section',
    { ssh: {}, files: [{ path: '/etc/ssh/sshd_config', upload: 'a'.repeat(64) }] },
    'files[0].upload',
    'spec.contradiction',
  ],
  [
    'a firewall that is disabled',
    { firewall: {}, services: { disable: ['cron', 'nftables'] } },
    'services.disable[1]',
    'spec.contradiction',
  ],
  [
    'a firewall that is masked',
    { firewall: {}, services: { mask: ['nftables.service'] } },
    'services.mask[0]',
    'spec.contradiction',
  ],
  ['ssh that is masked', { ssh: {}, services: { mask: ['ssh'] } }, 'services.mask[0]', 'spec.contradiction'],
  [
    'time that is masked',
    { system: { ntp: {} }, services: { mask: ['systemd-timesyncd'] } },
    'services.mask[0]',
    'spec.contradiction',
  ],
  [
    'updates that are disabled',
    { updates: {}, services: { disable: ['apt-daily.timer'] } },
    'services.disable[0]',
    'spec.contradiction',
  ],
  [
    'a clock that is off and on',
    { system: { ntp: { enabled: false } }, services: { enable: ['systemd-timesyncd'] } },
    'services.enable[0]',
    'spec.contradiction',
  ],
  [
    'a firewall that is removed',
    { firewall: {}, packages: { remove: ['nftables'] } },
    'packages.remove[0]',
    'spec.contradiction',
  ],
  [
    'authorities that are removed',
    { certificates: [certificates.root], packages: { remove: ['ca-certificates'] } },
    'packages.remove[0]',
    'spec.contradiction',
  ],
  ['a firewall of containers', { firewall: {}, ...images }, 'firewall', 'spec.unsupported_option'],
  ['kernel parameters of containers', { sysctl: { 'vm.x': '1' }, ...images }, 'sysctl', 'spec.unsupported_option'],
  [
    'kernel modules of containers',
    { kernel: { modules: { load: ['a'] } }, outputs: [{ type: 'oci' }] },
    'kernel.modules',
    'spec.unsupported_option',
  ],
  [
    'time of containers',
    { system: { ntp: {} }, outputs: [{ type: 'docker' }] },
    'system.ntp',
    'spec.unsupported_option',
  ],
];
