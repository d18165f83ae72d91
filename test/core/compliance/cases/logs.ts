import { auditRules } from '../good-tree.ts';
import { installed } from '../judged-tree.ts';
import { casesOf } from './case.ts';

const rules = 'etc/audit/rules.d/50-compliance.rules';

export const logCases = [
  ...casesOf('auditd', [
    ['not installed', 'fail', { tree: { 'var/lib/dpkg/status': installed('apt') } }],
    [
      'disabled',
      'fail',
      { tree: { 'etc/systemd/system/multi-user.target.wants/auditd.service': null }, evidence: /disabled/ },
    ],
    ['no argument', 'fail', { spec: { kernel: { cmdline: [] } }, evidence: /no audit=1/ }],
    ['the last argument counts', 'fail', { spec: { kernel: { cmdline: ['audit=1', 'audit=0'] } } }],
    ['audit=on', 'pass', { spec: { kernel: { cmdline: ['audit=on'] } } }],
    [
      'a container',
      'not_applicable',
      { spec: { outputs: [{ type: 'docker' }], kernel: {}, firewall: undefined, firstBoot: undefined } },
    ],
  ]),
  ...casesOf('audit-rules', [
    [
      'no watch of shadow',
      'fail',
      { tree: { [rules]: auditRules.replace(/^.*etc\/shadow .*\n/m, '') }, evidence: /\/etc\/shadow \(identity\)/ },
    ],
    ['commented', 'fail', { tree: { [rules]: auditRules.replace('-w /etc/passwd', '#-w /etc/passwd') } }],
    ['reading alone', 'fail', { tree: { [rules]: auditRules.replace('/etc/group -p wa', '/etc/group -p r') } }],
    [
      'no rule of 32 bits',
      'fail',
      {
        tree: { [rules]: auditRules.replaceAll(/^.*arch=b32 .*mount.*\n/gm, '') },
        evidence: /mount of programs of 32 bits/,
      },
    ],
    [
      'in the other form',
      'pass',
      {
        tree: { [rules]: auditRules.replace('-w /etc/passwd -p wa', '-a always,exit -F path=/etc/passwd -F perm=wa') },
      },
    ],
    ['a whole folder', 'pass', { tree: { [rules]: auditRules.replace('-w /etc/passwd -p wa', '-w /etc/ -p wa') } }],
    [
      'never',
      'fail',
      { tree: { [rules]: auditRules.replace('-w /etc/passwd -p wa', '-a never,exit -F path=/etc/passwd -F perm=wa') } },
    ],
    ['a file of another ending', 'fail', { tree: { [rules]: null, 'etc/audit/rules.d/x.rules.bak': auditRules } }],
    [
      'arm64 has no calls of 32 bits',
      'pass',
      {
        tree: { [rules]: auditRules.replaceAll(/^.*arch=b32.*\n/gm, '') },
        spec: { base: { distribution: 'debian', release: 'trixie', architecture: 'arm64' } },
      },
    ],
  ]),
  ...casesOf('audit-immutable', [
    ['commented', 'fail', { tree: { 'etc/audit/rules.d/99-final.rules': '# -e 2\n' } }],
    ['the last counts', 'fail', { tree: { 'etc/audit/rules.d/99-z.rules': '-e 1\n' }, evidence: /99-z/ }],
  ]),
  ...casesOf('audit-log-kept', [
    [
      'rotated away',
      'fail',
      {
        tree: {
          'etc/audit/auditd.conf': 'log_group = adm\nmax_log_file_action = ROTATE\nspace_left_action = syslog\n',
        },
        evidence: /ROTATE/,
      },
    ],
    [
      'nobody is told',
      'fail',
      { tree: { 'etc/audit/auditd.conf': 'max_log_file_action = KEEP_LOGS\nspace_left_action = ignore\n' } },
    ],
    [
      'open to others',
      'fail',
      { tree: { 'var/log/audit': { folder: true, mode: 0o755 } }, evidence: /others may read/ },
    ],
    [
      'of another group',
      'fail',
      {
        tree: {
          'etc/audit/auditd.conf': 'log_group = users\nmax_log_file_action = keep_logs\nspace_left_action = email\n',
        },
      },
    ],
    [
      'capitals',
      'pass',
      { tree: { 'etc/audit/auditd.conf': 'MAX_LOG_FILE_ACTION = KEEP_LOGS\nSPACE_LEFT_ACTION = EMAIL\n' } },
    ],
  ]),
  ...casesOf('journal-persistent', [
    ['volatile', 'fail', { tree: { 'etc/systemd/journald.conf.d/compliance.conf': '[Journal]\nStorage=volatile\n' } }],
    [
      'auto without a folder',
      'fail',
      { tree: { 'etc/systemd/journald.conf.d/compliance.conf': null }, evidence: /no \/var\/log\/journal/ },
    ],
    [
      'auto with a folder',
      'pass',
      { tree: { 'etc/systemd/journald.conf.d/compliance.conf': null, 'var/log/journal': { folder: true } } },
    ],
    ['a drop-in goes before the file', 'pass', { tree: { 'etc/systemd/journald.conf': '[Journal]\nStorage=none\n' } }],
    [
      'a drop-in of packages by its name',
      'fail',
      { tree: { 'usr/lib/systemd/journald.conf.d/zz.conf': '[Journal]\nStorage=none\n' } },
    ],
    [
      'a masked drop-in',
      'pass',
      {
        tree: {
          'usr/lib/systemd/journald.conf.d/zz.conf': '[Journal]\nStorage=none\n',
          'etc/systemd/journald.conf.d/zz.conf': { link: '/dev/null' },
        },
      },
    ],
    ['taken back', 'fail', { tree: { 'etc/systemd/journald.conf.d/zz.conf': '[Journal]\nStorage=\n' } }],
    [
      'another section',
      'fail',
      { tree: { 'etc/systemd/journald.conf.d/compliance.conf': '[Other]\nStorage=persistent\n' } },
    ],
  ]),
  ...casesOf('remote-log', [
    ['none', 'manual', { tree: { 'etc/systemd/journal-upload.conf': null } }],
    [
      'in the clear',
      'manual',
      { tree: { 'etc/systemd/journal-upload.conf': '[Upload]\nURL=http://logs.example.org\n' } },
    ],
    [
      'does not start',
      'manual',
      {
        tree: { 'etc/systemd/system/multi-user.target.wants/systemd-journal-upload.service': null },
        evidence: /does not start/,
      },
    ],
    [
      'rsyslog without TLS',
      'manual',
      {
        tree: {
          'etc/systemd/journal-upload.conf': null,
          'usr/lib/systemd/system/rsyslog.service': '[Unit]\n',
          'etc/systemd/system/multi-user.target.wants/rsyslog.service': {
            link: '/usr/lib/systemd/system/rsyslog.service',
          },
          'etc/rsyslog.d/x.conf': '*.* @@logs.example.org:514\n',
        },
      },
    ],
    [
      'rsyslog with TLS',
      'pass',
      {
        tree: {
          'etc/systemd/journal-upload.conf': null,
          'usr/lib/systemd/system/rsyslog.service': '[Unit]\n',
          'etc/systemd/system/multi-user.target.wants/rsyslog.service': {
            link: '/usr/lib/systemd/system/rsyslog.service',
          },
          'etc/rsyslog.d/x.conf':
            'action(type="omfwd" target="logs.example.org" StreamDriver="gtls" StreamDriverMode="1")\n',
        },
      },
    ],
  ]),
  ...casesOf('time-synchronised', [
    ['neither starts', 'fail', { tree: { 'etc/systemd/system/multi-user.target.wants/chrony.service': null } }],
    [
      'no server',
      'fail',
      { tree: { 'etc/chrony/chrony.conf': '# pool ntp.example.org\n' }, evidence: /no server is named/ },
    ],
    [
      'a drop-in',
      'pass',
      { tree: { 'etc/chrony/chrony.conf': 'makestep 1 3\n', 'etc/chrony/sources.d/x.sources': 'server 192.0.2.1\n' } },
    ],
    [
      'timesyncd',
      'pass',
      {
        tree: {
          'usr/lib/systemd/system/chrony.service': null,
          'usr/lib/systemd/system/systemd-timesyncd.service': '[Unit]\n',
          'etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service': {
            link: '/usr/lib/systemd/system/systemd-timesyncd.service',
          },
          'etc/systemd/timesyncd.conf.d/x.conf': '[Time]\nNTP=ntp.example.org\n',
        },
      },
    ],
  ]),
];
