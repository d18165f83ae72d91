import { goodTree } from '../good-tree.ts';
import { installed } from '../judged-tree.ts';
import { casesOf } from './case.ts';

const file = 'etc/sysctl.d/90-compliance.conf';
const own = goodTree[file];
const sysctl = typeof own === 'string' ? own : '';
const set = (name: string, value: string) => ({
  [file]: sysctl.replace(new RegExp(`^${name.replaceAll('.', '\\.')} = .*$`, 'm'), `${name} = ${value}`),
});
const containers = { outputs: [{ type: 'oci' }], kernel: {}, firewall: undefined, firstBoot: undefined };

export const kernelCases = [
  ...casesOf('core-dumps-off', [
    ['of setuid programs', 'fail', { tree: set('fs.suid_dumpable', '2'), evidence: /suid_dumpable 2/ }],
    ['no limit', 'fail', { tree: { 'etc/security/limits.d/10-core.conf': '#* hard core 0\n' } }],
    ['a soft limit', 'fail', { tree: { 'etc/security/limits.d/10-core.conf': '* soft core 0\n' } }],
    [
      'a later file',
      'fail',
      { tree: { 'etc/security/limits.d/99-core.conf': '* - core unlimited\n' }, evidence: /99-core/ },
    ],
    [
      'kept by systemd-coredump',
      'fail',
      { tree: { 'var/lib/dpkg/status': installed('systemd-coredump', 'apt') }, evidence: /keeps them/ },
    ],
    [
      'systemd-coredump that keeps none',
      'pass',
      {
        tree: {
          'var/lib/dpkg/status': installed('systemd-coredump', 'apt'),
          'etc/systemd/coredump.conf.d/x.conf': '[Coredump]\nStorage=none\n',
        },
      },
    ],
  ]),
  ...casesOf('address-randomisation', [
    ['off', 'fail', { tree: set('kernel.randomize_va_space', '0') }],
    [
      'commented',
      'fail',
      {
        tree: { [file]: sysctl.replace('kernel.randomize_va_space', '# kernel.randomize_va_space') },
        evidence: /not set/,
      },
    ],
    [
      'a later file wins',
      'fail',
      { tree: { 'etc/sysctl.d/99-x.conf': 'kernel.randomize_va_space=1\n' }, evidence: /99-x/ },
    ],
    [
      'a file of packages comes by its name',
      'fail',
      { tree: { 'usr/lib/sysctl.d/95-x.conf': 'kernel/randomize_va_space = 1\n' } },
    ],
    [
      'a masked file of packages',
      'pass',
      {
        tree: {
          'usr/lib/sysctl.d/95-x.conf': 'kernel.randomize_va_space = 1\n',
          'etc/sysctl.d/95-x.conf': { link: '/dev/null' },
        },
      },
    ],
    [
      'a file of the same name in /etc',
      'pass',
      {
        tree: {
          'usr/lib/sysctl.d/95-x.conf': 'kernel.randomize_va_space = 1\n',
          'etc/sysctl.d/95-x.conf': '# nothing\n',
        },
      },
    ],
    [
      'by a link',
      'fail',
      {
        tree: {
          'etc/sysctl.d/99-sysctl.conf': { link: '../sysctl.conf' },
          'etc/sysctl.conf': 'kernel.randomize_va_space = 0\n',
        },
        evidence: /\/etc\/sysctl\.conf:1/,
      },
    ],
    ['a file that nobody reads', 'pass', { tree: { 'etc/sysctl.conf': 'kernel.randomize_va_space = 0\n' } }],
    ['a container', 'not_applicable', { spec: containers }],
  ]),
  ...casesOf('kernel-log-restricted', [
    ['the log', 'fail', { tree: set('kernel.dmesg_restrict', '0') }],
    ['addresses', 'fail', { tree: set('kernel.kptr_restrict', '0') }],
    ['another good value', 'pass', { tree: set('kernel.kptr_restrict', '1') }],
  ]),
  ...casesOf('usb-storage-blocked', [
    ['a blacklist alone', 'fail', { tree: { 'etc/modprobe.d/usb.conf': 'blacklist usb-storage\n' } }],
    ['commented', 'fail', { tree: { 'etc/modprobe.d/usb.conf': '#install usb-storage /bin/false\n' } }],
    ['underscores', 'pass', { tree: { 'etc/modprobe.d/usb.conf': 'install usb_storage /usr/bin/true\n' } }],
    [
      'an install that loads it',
      'fail',
      { tree: { 'etc/modprobe.d/usb.conf': 'install usb-storage /sbin/modprobe --ignore-install usb-storage\n' } },
    ],
    [
      'of another ending',
      'fail',
      { tree: { 'etc/modprobe.d/usb.conf': null, 'etc/modprobe.d/usb': 'install usb-storage /bin/false\n' } },
    ],
    ['a container', 'not_applicable', { spec: containers }],
  ]),
  ...casesOf('apparmor', [
    ['not installed', 'fail', { tree: { 'var/lib/dpkg/status': installed('apt') }, evidence: /not installed/ }],
    [
      'masked',
      'fail',
      { tree: { 'etc/systemd/system/apparmor.service': { link: '/dev/null' } }, evidence: /is masked/ },
    ],
    ['masked by an empty file', 'fail', { tree: { 'etc/systemd/system/apparmor.service': '' } }],
    [
      'disabled',
      'fail',
      { tree: { 'etc/systemd/system/sysinit.target.wants/apparmor.service': null }, evidence: /is disabled/ },
    ],
    [
      'started by its package',
      'pass',
      {
        tree: {
          'etc/systemd/system/sysinit.target.wants/apparmor.service': null,
          'usr/lib/systemd/system/sysinit.target.wants/apparmor.service': { link: '../apparmor.service' },
        },
      },
    ],
    [
      'a link to a unit that is gone',
      'fail',
      { tree: { 'usr/lib/systemd/system/apparmor.service': null }, evidence: /is absent/ },
    ],
    ['off by an argument', 'fail', { spec: { kernel: { cmdline: ['apparmor=0'] } } }],
    ['another security module', 'fail', { spec: { kernel: { cmdline: ['security=selinux'] } } }],
    ['among others', 'pass', { spec: { kernel: { cmdline: ['lsm=landlock,apparmor'] } } }],
  ]),
  ...casesOf('network-parameters', [
    ['redirects', 'fail', { tree: set('net.ipv4.conf.all.accept_redirects', '1') }],
    ['by default', 'fail', { tree: set('net.ipv4.conf.default.send_redirects', '1') }],
    ['source routes of IPv6', 'fail', { tree: set('net.ipv6.conf.all.accept_source_route', '-1') }],
    ['loose filters', 'pass', { tree: set('net.ipv4.conf.all.rp_filter', '2') }],
    [
      'a pattern loses against a name',
      'pass',
      { tree: { 'etc/sysctl.d/99-x.conf': 'net.ipv4.conf.*.rp_filter = 0\n' } },
    ],
    [
      'a pattern alone',
      'pass',
      {
        tree: {
          [file]: sysctl.replaceAll(/^net\.ipv4\.conf\.(?:all|default)\.rp_filter = 1\n/gm, ''),
          'usr/lib/sysctl.d/50-default.conf': 'net.ipv4.conf.*.rp_filter = 2\n',
        },
      },
    ],
    [
      'a name taken out of the pattern',
      'fail',
      {
        tree: {
          [file]: sysctl.replaceAll(/^net\.ipv4\.conf\.(?:all|default)\.rp_filter = 1\n/gm, ''),
          'usr/lib/sysctl.d/50-default.conf': 'net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n',
        },
        evidence: /all\.rp_filter is not set/,
      },
    ],
  ]),
  ...casesOf('forwarding-off', [
    ['IPv4', 'fail', { tree: set('net.ipv4.ip_forward', '1') }],
    ['IPv6', 'fail', { tree: set('net.ipv6.conf.all.forwarding', '1') }],
    ['errors ignored', 'pass', { tree: { [file]: sysctl.replace('net.ipv4.ip_forward', '-net.ipv4.ip_forward') } }],
  ]),
  ...casesOf('temporary-folder', [
    [
      'noexec is missing',
      'fail',
      {
        tree: { 'etc/systemd/system/tmp.mount': '[Mount]\nOptions=mode=1777,nodev,nosuid\n' },
        evidence: /noexec is missing/,
      },
    ],
    ['a drop-in', 'fail', { tree: { 'etc/systemd/system/tmp.mount.d/x.conf': '[Mount]\nOptions=mode=1777\n' } }],
    [
      'masked',
      'fail',
      { tree: { 'etc/systemd/system/tmp.mount': { link: '/dev/null' } }, evidence: /nothing is mounted/ },
    ],
    [
      'fstab',
      'pass',
      {
        tree: { 'etc/systemd/system/tmp.mount': null, 'etc/fstab': 'tmpfs /tmp tmpfs nodev,nosuid,noexec 0 0\n' },
        evidence: /fstab:1/,
      },
    ],
    [
      'a commented line of fstab',
      'fail',
      { tree: { 'etc/systemd/system/tmp.mount': null, 'etc/fstab': '# tmpfs /tmp tmpfs nodev,nosuid,noexec 0 0\n' } },
    ],
    [
      'a partition',
      'pass',
      {
        spec: {
          outputs: [{ type: 'raw' }],
          disk: { partitions: [{ mountPoint: '/tmp', sizeMiB: 512, options: ['nodev', 'nosuid', 'noexec'] }] },
        },
        evidence: /partitions\[0\]/,
      },
    ],
  ]),
  ...casesOf('disk-encryption', [
    ['a live system', 'manual', { evidence: /read only/ }],
    [
      'a disk',
      'manual',
      {
        spec: { outputs: [{ type: 'raw' }] },
        tree: { 'etc/crypttab': '# none\ndata UUID=1 none luks\n' },
        evidence: /crypttab: data/,
      },
    ],
    ['a container', 'not_applicable', { spec: containers }],
  ]),
];
