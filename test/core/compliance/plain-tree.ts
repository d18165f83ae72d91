import { installed, type Tree } from './judged-tree.ts';

const unit = (name: string): Tree => ({ [`usr/lib/systemd/system/${name}`]: '[Unit]\n[Install]\nWantedBy=x.target\n' });
/** A unit that its package starts. */
const starts = (name: string, owner: string, target = 'multi-user.target'): Tree => ({
  ...unit(name),
  [`var/lib/dpkg/info/${owner}.list`]: `/usr/lib/systemd/system/${name}\n`,
  [`etc/systemd/system/${target}.wants/${name}`]: { link: `/usr/lib/systemd/system/${name}` },
});

/** A stack of PAM as pam-auth-update makes it. */
const stack = (type: string, ...modules: readonly string[]): string =>
  [
    '# here are the per-package modules (the "Primary" block)',
    ...modules.map((module) => `${type}\t${module}`),
    "# here's the fallback if no module succeeds",
    `${type}\trequisite\t\t\tpam_deny.so`,
    `${type}\trequired\t\t\tpam_permit.so`,
    '# and here are more per-package modules (the "Additional" block)',
    '# end of pam-auth-update config',
    '',
  ].join('\n');

const unixProfile = `Name: Unix authentication
Default: yes
Priority: 256
Auth-Type: Primary
Auth:
\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass
Auth-Initial:
\t[success=end default=ignore]\tpam_unix.so nullok
Account-Type: Primary
Account:
\t[success=end new_authtok_reqd=done default=ignore]\tpam_unix.so
Account-Initial:
\t[success=end new_authtok_reqd=done default=ignore]\tpam_unix.so
Password-Type: Primary
Password:
\t[success=end default=ignore]\tpam_unix.so obscure use_authtok try_first_pass yescrypt
Password-Initial:
\t[success=end default=ignore]\tpam_unix.so obscure yescrypt
`;

const pwqualityProfile = `Name: Pwquality password strength checking
Default: yes
Priority: 1024
Conflicts: cracklib
Password-Type: Primary
Password:
\trequisite\t\t\tpam_pwquality.so retry=3
Password-Initial:
\trequisite\t\t\tpam_pwquality.so retry=3
`;

/** What packages bring that remediation adds to a spec, as far as checks look at it. */
export const packageTrees: Readonly<Record<string, Tree>> = {
  apparmor: starts('apparmor.service', 'apparmor', 'sysinit.target'),
  auditd: {
    ...starts('auditd.service', 'auditd'),
    'etc/audit/auditd.conf': {
      text: 'log_file = /var/log/audit/audit.log\nlog_group = adm\nmax_log_file_action = ROTATE\nspace_left_action = SUSPENDED\n',
      mode: 0o640,
    },
    'etc/audit/rules.d/audit.rules': { text: '-D\n-b 8192\n-f 1\n', mode: 0o640 },
    'var/log/audit': { folder: true, mode: 0o755 },
  },
  'aide-common': {
    ...starts('dailyaidecheck.timer', 'aide-common', 'timers.target'),
    'etc/aide/aide.conf': 'x\n',
    'usr/sbin/aideinit': '',
  },
  'libpam-pwquality': {
    'usr/share/pam-configs/pwquality': pwqualityProfile,
    'var/lib/pam/password':
      'Module: pwquality\nrequisite\t\t\tpam_pwquality.so retry=3\nModule: unix\n[success=end default=ignore]\tpam_unix.so obscure use_authtok try_first_pass yescrypt\n',
    'etc/pam.d/common-password': stack(
      'password',
      'requisite\t\t\tpam_pwquality.so retry=3',
      '[success=1 default=ignore]\tpam_unix.so obscure use_authtok try_first_pass yescrypt',
    ),
  },
  nftables: starts('nftables.service', 'nftables', 'sysinit.target'),
  openssl: {
    'etc/ssl/openssl.cnf':
      'openssl_conf = openssl_init\n\n[openssl_init]\nproviders = provider_sect\n\n[provider_sect]\ndefault = default_sect\n\n[default_sect]\nactivate = 1\n',
  },
  'openssh-server': starts('ssh.service', 'openssh-server'),
  'systemd-timesyncd': starts('systemd-timesyncd.service', 'systemd-timesyncd', 'sysinit.target'),
  'unattended-upgrades': {
    ...starts('apt-daily.timer', 'apt', 'timers.target'),
    ...starts('apt-daily-upgrade.timer', 'apt', 'timers.target'),
  },
};

/** A tree as Debian installs it, with much that checks do not let pass. */
export const plainTree: Tree = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/bash',
    'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
    'sync:x:4:65534:sync:/bin:/bin/sync',
    'backup:x:34:34:backup:/var/backups:/bin/sh',
    'ops:x:1000:1000::/home/ops:/bin/bash',
    '',
  ].join('\n'),
  'etc/shadow': {
    text: [
      'root:*:20000:0:99999:7:::',
      'daemon:*:20000:0:99999:7:::',
      'sync:*:20000:0:99999:7:::',
      'backup:*:20000:0:99999:7:::',
      'ops:!:20000:0:99999:7:::',
      '',
    ].join('\n'),
    mode: 0o666,
    gid: 34,
  },
  'etc/group': [
    'root:x:0:',
    'daemon:x:1:',
    'backup:x:34:',
    'shadow:x:42:',
    'sudo:x:27:',
    'nogroup:x:65534:',
    'ops:x:1000:',
    '',
  ].join('\n'),
  'etc/gshadow': { text: 'root:*::\n', mode: 0o640, gid: 42 },
  'etc/login.defs': '# UMASK 077\nUMASK\t\t022\nPASS_MAX_DAYS\t99999\nENCRYPT_METHOD MD5\n',
  'etc/pam.d/common-auth': stack('auth', '[success=1 default=ignore]\tpam_unix.so nullok'),
  'etc/pam.d/common-account': stack('account', '[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so '),
  'etc/pam.d/common-password': stack('password', '[success=1 default=ignore]\tpam_unix.so obscure yescrypt'),
  'etc/pam.d/su': 'auth       sufficient pam_rootok.so\n# auth       required   pam_wheel.so\n@include common-auth\n',
  'usr/share/pam-configs/unix': unixProfile,
  'var/lib/pam/auth': 'Module: unix\n[success=end default=ignore]\tpam_unix.so nullok\n',
  'var/lib/pam/account': 'Module: unix\n[success=end new_authtok_reqd=done default=ignore]\tpam_unix.so\n',
  'var/lib/pam/password': 'Module: unix\n[success=end default=ignore]\tpam_unix.so obscure yescrypt\n',
  'var/lib/pam/seen': 'unix\n',
  'etc/profile': '# profile\n',
  'etc/security/limits.d/10-coredump-debian.conf': '* soft core 0\n* hard core infinity\n',
  'etc/issue': 'Debian GNU/Linux 13 \\n \\l\n',
  'etc/issue.net': 'Debian GNU/Linux 13\n',
  'etc/ssh/sshd_config':
    'Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication yes\nPermitEmptyPasswords yes\nUsePAM yes\n',
  'etc/crontab': 'SHELL=/bin/sh\n',
  'etc/cron.d': { folder: true },
  'etc/cron.daily': { folder: true },
  'boot/grub/grub.cfg': 'set timeout=5\n',
  'srv/open': { text: 'x\n', mode: 0o666 },
  'srv/folder': { folder: true, mode: 0o777 },
  tmp: { folder: true, mode: 0o1777 },
  'etc/apt/apt.conf.d/01autoremove': 'APT { };\n',
  'etc/apt/sources.list.d/debian.sources': [
    'Types: deb',
    'URIs: https://archive.example.org/debian',
    'Suites: trixie trixie-updates trixie-security',
    'Components: main',
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    '',
  ].join('\n'),
  'etc/systemd/journald.conf': '[Journal]\n#Storage=auto\n',
  'var/lib/dpkg/status': installed('apt', 'libssl3t64', 'systemd', 'systemd-coredump'),
  lib: { link: 'usr/lib' },
};
