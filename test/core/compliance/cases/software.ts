import { installed } from '../judged-tree.ts';
import { casesOf } from './case.ts';

const sources = 'etc/apt/sources.list.d/debian.sources';
const one = (fields: string) => ({
  [sources]: `Types: deb\nURIs: https://archive.example.org/debian\nSuites: trixie trixie-security\nComponents: main\n${fields}`,
});

export const softwareCases = [
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
