import { auditRules } from '../good-tree.ts';
import { installed } from '../judged-tree.ts';
import { casesOf } from './case.ts';

const rules = 'etc/audit/rules.d/50-compliance.rules';
const sources = 'etc/apt/sources.list.d/debian.sources';
const one = (fields: string) => ({
  [sources]: `Types: deb\nURIs: https://archive.example.org/debian\nSuites: trixie trixie-security\nComponents: main\n${fields}`,
});

export const operationCases = [
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
  ...casesOf('archives-signed', [
    ['no key', 'fail', { tree: one(''), evidence: /no Signed-By/ }],
    ['trusted', 'fail', { tree: one('Signed-By: /x.gpg\nTrusted: yes\n'), evidence: /trusted without/ }],
    ['switched off', 'pass', { tree: { ...one('Enabled: no\n') } }],
    [
      'one line without a key',
      'fail',
      {
        tree: { 'etc/apt/sources.list': 'deb https://archive.example.org/debian trixie main\n' },
        evidence: /sources\.list:1/,
      },
    ],
    [
      'one line that is trusted',
      'fail',
      {
        tree: {
          'etc/apt/sources.list.d/x.list':
            'deb [trusted=yes signed-by=/x.gpg] https://archive.example.org/debian trixie main\n',
        },
      },
    ],
    [
      'one line with a key',
      'pass',
      {
        tree: {
          'etc/apt/sources.list.d/x.list':
            '# deb https://archive.example.org/x trixie main\ndeb [arch=amd64 signed-by=/x.gpg] https://archive.example.org/debian trixie main\n',
        },
      },
    ],
    [
      'unsigned archives let in',
      'fail',
      {
        tree: { 'etc/apt/apt.conf.d/x': 'APT { Get { AllowUnauthenticated "true"; }; };\n' },
        evidence: /allowunauthenticated/,
      },
    ],
    [
      'in a file that apt leaves out',
      'pass',
      { tree: { 'etc/apt/apt.conf.d/x.bak': 'APT::Get::AllowUnauthenticated "true";\n' } },
    ],
    [
      'the last setting counts',
      'pass',
      {
        tree: {
          'etc/apt/apt.conf.d/x': 'Acquire::AllowInsecureRepositories "true";\n',
          'etc/apt/apt.conf': 'Acquire::AllowInsecureRepositories "false";\n',
        },
      },
    ],
    [
      'in a comment',
      'pass',
      {
        tree: {
          'etc/apt/apt.conf.d/x':
            '// Acquire::AllowInsecureRepositories "true";\n/* Acquire::AllowWeakRepositories "true"; */\n',
        },
      },
    ],
    ['no apt', 'not_applicable', { tree: { 'var/lib/dpkg/status': installed('systemd') } }],
  ]),
  ...casesOf('file-integrity', [
    ['not installed', 'fail', { tree: { 'var/lib/dpkg/status': installed('apt') } }],
    [
      'nothing starts it',
      'fail',
      {
        tree: { 'etc/systemd/system/timers.target.wants/dailyaidecheck.timer': null },
        evidence: /no timer and no job/,
      },
    ],
    ['a masked timer', 'fail', { tree: { 'etc/systemd/system/dailyaidecheck.timer': { link: '/dev/null' } } }],
    [
      'a job of cron',
      'pass',
      {
        tree: {
          'etc/systemd/system/timers.target.wants/dailyaidecheck.timer': null,
          'etc/cron.daily/aide': '#!/bin/sh\n',
        },
      },
    ],
    ['no database', 'fail', { spec: { firstBoot: undefined }, evidence: /no database/ }],
    ['the database is there', 'pass', { spec: { firstBoot: undefined }, tree: { 'var/lib/aide/aide.db': 'x' } }],
  ]),
  ...casesOf('services-of-spec', [
    [
      'one that nobody asked for',
      'fail',
      {
        tree: {
          'usr/lib/systemd/system/extra.service': '[Unit]\n',
          'etc/systemd/system/multi-user.target.wants/extra.service': { link: '/usr/lib/systemd/system/extra.service' },
        },
        evidence: /extra\.service starts/,
      },
    ],
    [
      'named',
      'pass',
      {
        tree: {
          'usr/lib/systemd/system/extra.service': '[Unit]\n',
          'etc/systemd/system/multi-user.target.wants/extra.service': { link: '/usr/lib/systemd/system/extra.service' },
        },
        spec: { services: { enable: ['extra', 'tmp.mount'] } },
      },
    ],
    [
      'tailored',
      'pass',
      {
        tree: {
          'usr/lib/systemd/system/extra.service': '[Unit]\n',
          'etc/systemd/system/multi-user.target.wants/extra.service': { link: '/usr/lib/systemd/system/extra.service' },
        },
        values: { allow: ['extra'] },
      },
    ],
    [
      'of a package that came along',
      'fail',
      {
        tree: {
          'usr/lib/systemd/system/extra.socket': '[Unit]\n',
          'etc/systemd/system/sockets.target.wants/extra.socket': { link: '/usr/lib/systemd/system/extra.socket' },
          'var/lib/dpkg/info/libextra.list': '/usr/lib/systemd/system/extra.socket\n',
        },
        evidence: /of the package libextra/,
      },
    ],
    [
      'a link to nothing',
      'pass',
      {
        tree: {
          'etc/systemd/system/multi-user.target.wants/gone.service': { link: '/usr/lib/systemd/system/gone.service' },
        },
      },
    ],
    [
      'of a template',
      'fail',
      {
        tree: {
          'usr/lib/systemd/system/extra@.service': '[Unit]\n',
          'etc/systemd/system/multi-user.target.wants/extra@a.service': {
            link: '/usr/lib/systemd/system/extra@.service',
          },
        },
      },
    ],
  ]),
  ...casesOf('security-updates', [
    [
      'no security suite',
      'fail',
      {
        tree: {
          [sources]:
            'Types: deb\nURIs: https://archive.example.org/debian\nSuites: trixie\nComponents: main\nSigned-By: /x.gpg\n',
        },
        evidence: /no source has a security suite/,
      },
    ],
    [
      'off',
      'fail',
      {
        tree: {
          'etc/apt/apt.conf.d/20auto-upgrades':
            'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "0";\n',
        },
      },
    ],
    ['not installed', 'fail', { tree: { 'var/lib/dpkg/status': installed('apt') } }],
    [
      'a masked timer',
      'fail',
      {
        tree: { 'etc/systemd/system/apt-daily-upgrade.timer': { link: '/dev/null' } },
        evidence: /apt-daily-upgrade\.timer is masked/,
      },
    ],
    [
      'a rolling release',
      'pass',
      {
        tree: {
          [sources]:
            'Types: deb\nURIs: https://archive.example.org/debian\nSuites: sid\nComponents: main\nSigned-By: /x.gpg\n',
        },
        spec: { base: { distribution: 'debian', release: 'sid', architecture: 'amd64' }, updates: undefined },
      },
    ],
    ['no apt', 'not_applicable', { tree: { 'var/lib/dpkg/status': installed('systemd') } }],
  ]),
  ...casesOf('vulnerabilities', [
    ['no data', 'manual', {}],
    [
      'some that can be mended',
      'fail',
      { build: { vulnerabilities: { open: 4, fixable: 1, dataFrom: '2026-11-01' } } },
    ],
    ['some that cannot', 'pass', { build: { vulnerabilities: { open: 3, fixable: 0, dataFrom: '2026-11-01' } } }],
  ]),
  ...casesOf('change-recorded', [
    ['no evidence', 'fail', { build: { evidence: false } }],
    ['nobody approved', 'manual', {}],
    ['approved', 'pass', { build: { approvals: 2 } }],
  ]),
];
