import { installed, md5 } from '../judged-tree.ts';
import { casesOf } from './case.ts';

const secret = (name: string, content: string) => ({ [name]: content });

export const fileCases = [
  ...casesOf('account-file-modes', [
    [
      'shadow open to others',
      'fail',
      { tree: { 'etc/shadow': { text: 'root:*:1::::::\n', mode: 0o644, gid: 42 } }, evidence: /shadow: 0644/ },
    ],
    [
      'shadow of another group',
      'fail',
      {
        tree: { 'etc/shadow': { text: 'root:*:1::::::\n', mode: 0o640, gid: 1000 } },
        evidence: /its group is to be root or shadow/,
      },
    ],
    [
      'passwd of another owner',
      'fail',
      { tree: { 'etc/group': { text: 'root:x:0:\nshadow:x:42:\n', uid: 1000 } }, evidence: /belong to root/ },
    ],
    ['passwd writable', 'fail', { tree: { 'etc/passwd': { text: 'root:x:0:0::/root:/bin/sh\n', mode: 0o664 } } }],
    ['stricter', 'pass', { tree: { 'etc/shadow': { text: 'root:*:1::::::\n', mode: 0o600 } } }],
    ['none', 'fail', { tree: { 'etc/shadow': null }, evidence: /shadow: there is none/ }],
    [
      'an access control list',
      'fail',
      {
        tree: {
          'etc/shadow': {
            ...{ text: 'root:*:1::::::\n', mode: 0o640, gid: 42 },
            xattrs: { 'system.posix_acl_access': 'AgAAAAEABgD/////' },
          },
        },
        evidence: /shadow: .*an access control list lets others in/,
      },
    ],
    [
      'a link out of what is inspected',
      'fail',
      {
        tree: { 'etc/gshadow': { link: '../srv/gshadow' }, 'srv/gshadow': { text: 'root:*::\n', mode: 0o666 } },
        evidence: /gshadow: a link to \.\.\/srv\/gshadow/,
      },
    ],
  ]),
  ...casesOf('cron-modes', [
    ['crontab is open', 'fail', { tree: { 'etc/crontab': 'SHELL=/bin/sh\n' }, evidence: /crontab: 0644/ }],
    ['a folder is open', 'fail', { tree: { 'etc/cron.d': { folder: true } }, evidence: /cron\.d: 0755/ }],
    ['no cron', 'not_applicable', { tree: { 'etc/crontab': null, 'etc/cron.d': null, 'etc/cron.daily': null } }],
  ]),
  ...casesOf('boot-menu-modes', [
    ['a menu of its own', 'fail', { tree: { 'boot/grub/grub.cfg': { text: 'menu\n', mode: 0o644 } } }],
    ['a closed one', 'pass', { tree: { 'boot/grub/grub.cfg': { text: 'menu\n', mode: 0o400 } } }],
    ['a container', 'not_applicable', { spec: { outputs: [{ type: 'tar' }], firstBoot: undefined, kernel: {} } }],
  ]),
  ...casesOf('no-world-writable', [
    ['a file', 'fail', { tree: { 'srv/x': { text: 'x', mode: 0o666 } }, evidence: /\/srv\/x/ }],
    ['a folder', 'fail', { tree: { 'srv/drop': { folder: true, mode: 0o777 } } }],
    ['a folder with the sticky bit', 'pass', { tree: { 'srv/drop': { folder: true, mode: 0o1777 } } }],
    ['a link', 'pass', { tree: { 'srv/x': { link: '/etc/passwd' } } }],
  ]),
  ...casesOf('no-unowned', [
    ['an owner', 'fail', { tree: { 'srv/x': { text: 'x', uid: 4_321 } }, evidence: /\/srv\/x/ }],
    ['a group', 'fail', { tree: { 'srv/x': { text: 'x', gid: 4_321 } } }],
    ['a known one', 'pass', { tree: { 'srv/x': { text: 'x', uid: 1_000, gid: 1_000 } } }],
  ]),
  ...casesOf('privileged-programs', [
    [
      'of no package',
      'fail',
      { tree: { 'usr/local/bin/me': { text: 'x', mode: 0o4755 } }, evidence: /\/usr\/local\/bin\/me: 4755/ },
    ],
    ['setgid', 'fail', { tree: { 'usr/local/bin/me': { text: 'x', mode: 0o2755 } } }],
    ['setgid of a file that nobody runs', 'pass', { tree: { 'usr/local/bin/me': { text: 'x', mode: 0o2640 } } }],
    [
      'capabilities',
      'fail',
      { tree: { 'usr/local/bin/me': { text: 'x', mode: 0o755, xattrs: { 'security.capability': 'AQAAAg==' } } } },
    ],
    [
      'named in the spec',
      'pass',
      { tree: { 'usr/local/bin/me': { text: 'x', mode: 0o4755 } }, values: { allow: ['/usr/local/bin/me'] } },
    ],
    [
      'a package under its old folder',
      'pass',
      {
        tree: {
          'usr/bin/su': { text: 'x', mode: 0o4755 },
          bin: { link: 'usr/bin' },
          'var/lib/dpkg/info/login:amd64.list': '/bin/su\n',
        },
      },
    ],
    [
      'diverted',
      'pass',
      {
        tree: {
          'usr/bin/old': { text: 'x', mode: 0o4755 },
          'var/lib/dpkg/info/a.list': '/usr/bin/new\n',
          'var/lib/dpkg/diversions': '/usr/bin/new\n/usr/bin/old\nb\n',
        },
      },
    ],
  ]),
  ...casesOf('packages-unchanged', [
    ['changed', 'fail', { tree: { 'usr/bin/tool': { text: 'other', mode: 0o755 } }, evidence: /\/usr\/bin\/tool/ }],
    ['replaced by a link', 'fail', { tree: { 'usr/bin/tool': { link: '/tmp/x' } } }],
    ['gone', 'pass', { tree: { 'usr/bin/tool': null } }],
    [
      'diverted',
      'pass',
      {
        tree: {
          'usr/bin/tool': { text: 'mine', mode: 0o755 },
          'usr/bin/tool.distrib': '#!/bin/sh\necho tool\n',
          'var/lib/dpkg/diversions': '/usr/bin/tool\n/usr/bin/tool.distrib\n:\n',
        },
      },
    ],
    ['a configuration file has no checksum', 'pass', { tree: { 'etc/login.defs': 'UMASK 022\n' } }],
    [
      'without checksums',
      'pass',
      {
        tree: { 'var/lib/dpkg/info/bare.list': '/usr/bin/bare\n', 'usr/bin/bare': 'x' },
        evidence: /bring no checksums: .*\bbare\b/,
      },
    ],
    [
      'two packages and one file',
      'pass',
      {
        tree: {
          'var/lib/dpkg/info/other.list': '/usr/bin/tool\n',
          'var/lib/dpkg/info/other.md5sums': `${md5('else')}  usr/bin/tool\n`,
        },
      },
    ],
  ]),
  ...casesOf('no-secrets', [
    [
      'a private key',
      'fail',
      {
        tree: secret('root/.ssh/id_ed25519', '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n'),
        evidence: /id_ed25519:1: private key/,
      },
    ],
    [
      'of TLS',
      'fail',
      { tree: secret('etc/ssl/private/site.key', 'text\n-----BEGIN RSA PRIVATE KEY-----\n'), evidence: /site\.key:2/ },
    ],
    ['of GnuPG', 'fail', { tree: secret('root/x.asc', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n') }],
    [
      'of WireGuard',
      'fail',
      { tree: secret('etc/wireguard/wg0.conf', `[Interface]\nPrivateKey = ${'A'.repeat(43)}=\n`) },
    ],
    [
      'a token of GitHub',
      'fail',
      {
        tree: secret('srv/app.env', `TOKEN=${['gh', 'p_'].join('')}${'a1'.repeat(18)}\n`),
        evidence: /token of GitHub/,
      },
    ],
    ['a token of GitLab', 'fail', { tree: secret('srv/app.env', `T=${['gl', 'pat-'].join('')}${'a1'.repeat(10)}\n`) }],
    [
      'a key of AWS',
      'fail',
      { tree: secret('root/.aws/credentials', `key = ${['AK', 'IA'].join('')}QWERTYUIOPASDFGH\n`) },
    ],
    ['a key of this engine', 'fail', { tree: secret('srv/env', `K=lbk_${'A1'.repeat(8)}_${'b2'.repeat(16)}\n`) }],
    ['a password in an address', 'fail', { tree: secret('etc/x.conf', 'url = https://ops:hunter22@db.internal/\n') }],
    [
      'an example of documentation',
      'pass',
      { tree: secret('srv/README', `${['AK', 'IA'].join('')}IOSFODNN7EXAMPLE and https://user:pass@example.com/\n`) },
    ],
    [
      'a public key',
      'pass',
      { tree: secret('etc/x.pem', '-----BEGIN PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----\n') },
    ],
    [
      'as a package brought it',
      'pass',
      {
        tree: {
          'usr/share/doc/k': '-----BEGIN PRIVATE KEY-----\n',
          'var/lib/dpkg/info/k.list': '/usr/share/doc/k\n',
          'var/lib/dpkg/info/k.md5sums': `${md5('-----BEGIN PRIVATE KEY-----\n')}  usr/share/doc/k\n`,
        },
      },
    ],
  ]),
  ...casesOf('no-legacy-services', [
    [
      'telnet',
      'fail',
      { tree: { 'var/lib/dpkg/status': installed('apt', 'telnetd', 'nis') }, evidence: /telnetd 1\.0-1 is installed/ },
    ],
    [
      'removed, its configuration left',
      'pass',
      {
        tree: {
          'var/lib/dpkg/status': `${installed('apt')}\nPackage: telnetd\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n`,
        },
      },
    ],
    ['a name that begins alike', 'pass', { tree: { 'var/lib/dpkg/status': installed('apt', 'ftpsync') } }],
  ]),
];
