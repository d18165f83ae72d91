import { nftables } from '../good-tree.ts';
import { casesOf } from './case.ts';

const containers = { outputs: [{ type: 'oci' }], kernel: {}, firewall: undefined, firstBoot: undefined };

export const firewallCases = [
  ...casesOf('firewall-default-drop', [
    [
      'accepts',
      'fail',
      {
        tree: { 'etc/nftables.conf': nftables.replace('filter; policy drop', 'filter; policy accept') },
        evidence: /no chain drops input of ip/,
      },
    ],
    ['says nothing', 'fail', { tree: { 'etc/nftables.conf': nftables.replace(' policy drop;', '') } }],
    ['commented', 'fail', { tree: { 'etc/nftables.conf': nftables.replaceAll(/^(\s*)type/gm, '$1# type') } }],
    [
      'IPv4 alone',
      'fail',
      { tree: { 'etc/nftables.conf': nftables.replace('table inet', 'table ip') }, evidence: /of ip6/ },
    ],
    [
      'forwards',
      'fail',
      {
        tree: {
          'etc/nftables.conf': nftables.replace(
            /hook forward priority filter; policy drop/,
            'hook forward priority filter; policy accept',
          ),
        },
        evidence: /forward/,
      },
    ],
    [
      'two families',
      'pass',
      {
        tree: {
          'etc/nftables.conf':
            nftables.replace('table inet', 'table ip') +
            nftables.replace('flush ruleset', '').replace('table inet', 'table ip6'),
        },
      },
    ],
    [
      'does not start',
      'fail',
      {
        tree: { 'etc/systemd/system/sysinit.target.wants/nftables.service': null },
        evidence: /nftables\.service is disabled/,
      },
    ],
    ['no file', 'fail', { tree: { 'etc/nftables.conf': null } }],
    ['a container', 'not_applicable', { spec: containers }],
  ]),
  ...casesOf('firewall-ports', [
    [
      'one more',
      'fail',
      {
        tree: { 'etc/nftables.conf': nftables.replace('tcp dport 80 accept', 'tcp dport { 80, 443 } accept') },
        evidence: /tcp\/443 is open/,
      },
    ],
    [
      'one fewer',
      'fail',
      {
        tree: { 'etc/nftables.conf': nftables.replace('\t\ttcp dport 80 accept\n', '') },
        evidence: /tcp\/80 is in firewall.allow/,
      },
    ],
    ['commented', 'fail', { tree: { 'etc/nftables.conf': nftables.replace('tcp dport 80', '# tcp dport 80') } }],
    [
      'in a chain that is jumped to',
      'fail',
      {
        tree: {
          'etc/nftables.conf': nftables
            .replace('tcp dport 80 accept', 'tcp dport 80 accept\n\t\tjump more')
            .replace('table inet filter {', 'table inet filter {\n\tchain more {\n\t\tudp dport 53 accept\n\t}'),
        },
        evidence: /udp\/53/,
      },
    ],
    [
      'in a chain that nobody jumps to',
      'pass',
      {
        tree: {
          'etc/nftables.conf': nftables.replace(
            'table inet filter {',
            'table inet filter {\n\tchain more {\n\t\tudp dport 53 accept\n\t}',
          ),
        },
      },
    ],
    [
      'a rule without a port',
      'manual',
      {
        tree: {
          'etc/nftables.conf': nftables.replace(
            'tcp dport 80 accept',
            'tcp dport 80 accept\n\t\tip saddr 192.0.2.0/24 accept',
          ),
        },
        evidence: /saddr/,
      },
    ],
    ['another file', 'manual', { tree: { 'etc/nftables.conf': `${nftables}include "/etc/nftables.d/*"\n` } }],
    [
      'a source',
      'pass',
      { tree: { 'etc/nftables.conf': nftables.replace('tcp dport 80', 'ip saddr 192.0.2.0/24 tcp dport 80') } },
    ],
    ['no filter', 'not_applicable', { tree: { 'etc/nftables.conf': null } }],
  ]),
];
