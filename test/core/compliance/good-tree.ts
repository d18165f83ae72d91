import { installed, md5, type Tree } from './judged-tree.ts';

const tool = '#!/bin/sh\necho tool\n';

/** The spec of an image that passes every check that an image can. */
export const goodSpec = {
  users: [
    {
      name: 'ops',
      sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGD8cMaSheQZ1U2zilUFWdAGQr1Hni+zlFTWLLNvPeH1 ops@example'],
    },
  ],
  kernel: { cmdline: ['console=ttyS0', 'audit=1'] },
  firewall: { allow: [{ port: '22' }, { port: '80' }] },
  ssh: { permitRootLogin: 'no', passwordAuthentication: false },
  packages: { install: ['nginx', 'chrony', 'auditd', 'aide'] },
  services: { enable: ['tmp.mount'] },
  updates: {},
  firstBoot: [{ name: 'aide', run: 'aideinit --yes --force' }],
  outputs: [{ type: 'iso' }],
} as const;

const packages = [
  'apt',
  'aide',
  'apparmor',
  'auditd',
  'chrony',
  'libssl3t64',
  'nginx',
  'openssh-server',
  'systemd',
  'tool',
  'unattended-upgrades',
];

const unit = (name: string): Tree => ({ [`usr/lib/systemd/system/${name}`]: '[Unit]\n' });
const starts = (name: string, target = 'multi-user.target'): Tree => ({
  ...unit(name),
  [`etc/systemd/system/${target}.wants/${name}`]: { link: `/usr/lib/systemd/system/${name}` },
});

/** Rules of the audit that record all that is to be recorded. */
export const auditRules = [
  '-D',
  '-b 8192',
  ...['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow', '/etc/security/opasswd'].map(
    (path) => `-w ${path} -p wa -k identity`,
  ),
  '-w /etc/sudoers -p wa -k privilege',
  '-w /etc/sudoers.d/ -p wa -k privilege',
  '-w /var/log/lastlog -p wa -k logins',
  '-w /run/faillock -p wa -k logins',
  '-w /etc/localtime -p wa -k time',
  ...[64, 32].flatMap((bits) => [
    `-a always,exit -F arch=b${bits} -S unlink,unlinkat,rename,renameat -F auid>=1000 -F auid!=unset -k deletion`,
    `-a always,exit -F arch=b${bits} -S mount -F auid>=1000 -F auid!=unset -k mounts`,
    `-a always,exit -F arch=b${bits} -S adjtimex,settimeofday -S clock_settime -k time`,
  ]),
  '',
].join('\n');

export const nftables = `#!/usr/sbin/nft -f
flush ruleset

table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		ct state invalid drop
		icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
		ip6 saddr fe80::/10 udp dport 546 accept
		icmp type echo-request accept
		tcp dport 22 accept
		tcp dport 80 accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
`;

/** A tree that passes every check that an image can. */
export const goodTree: Tree = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/bash',
    'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
    'sync:x:4:65534:sync:/bin:/bin/sync',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    'ops:x:1000:1000::/home/ops:/bin/bash',
    '',
  ].join('\n'),
  'etc/shadow': {
    text: [
      'root:!*:20000:0:99999:7:::',
      'daemon:*:20000:0:99999:7:::',
      'sync:*:20000:0:99999:7:::',
      'nobody:*:20000:0:99999:7:::',
      'ops:!:20000:0:90:7:::',
      '',
    ].join('\n'),
    mode: 0o640,
    gid: 42,
  },
  'etc/group': [
    'root:x:0:',
    'daemon:x:1:',
    'shadow:x:42:',
    'crontab:x:101:',
    'nogroup:x:65534:',
    'ops:x:1000:',
    '',
  ].join('\n'),
  'etc/gshadow': { text: 'root:*::\n', mode: 0o640, gid: 42 },
  'etc/login.defs': '# a comment\nUMASK\t\t027\nPASS_MAX_DAYS\t90\nENCRYPT_METHOD YESCRYPT\n',
  'etc/pam.d/common-auth': [
    'auth\trequired\t\t\tpam_faillock.so preauth silent deny=10 unlock_time=1800',
    'auth\t[success=2 default=ignore]\tpam_unix.so nullok',
    'auth\t[default=die]\t\t\tpam_faillock.so authfail deny=10 unlock_time=1800',
    'auth\trequisite\t\t\tpam_deny.so',
    'auth\trequired\t\t\tpam_permit.so',
    '',
  ].join('\n'),
  'etc/pam.d/common-account': 'account required pam_faillock.so\naccount required pam_unix.so\n',
  'etc/pam.d/common-password': [
    'password requisite pam_pwquality.so retry=3',
    'password required pam_pwhistory.so remember=4 use_authtok',
    'password [success=1 default=ignore] pam_unix.so obscure use_authtok try_first_pass yescrypt',
    '',
  ].join('\n'),
  'etc/pam.d/su': '#auth required pam_wheel.so\nauth required pam_wheel.so use_uid group=sudo\n@include common-auth\n',
  'etc/security/pwquality.conf': 'minlen = 12\nminclass = 2\n',
  'etc/security/limits.d/10-core.conf': '*\thard\tcore\t0\n',
  'etc/sudoers': {
    text: 'Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
    mode: 0o440,
  },
  'etc/sudoers.d/ops': { text: 'ops ALL=(ALL:ALL) NOPASSWD: /usr/bin/systemctl restart nginx\n', mode: 0o440 },
  'etc/profile.d/timeout.sh': 'readonly TMOUT=900\nexport TMOUT\n',
  'etc/issue': 'Authorised use only.\n',
  'etc/issue.net': 'Authorised use only.\n',
  'etc/ssh/sshd_config':
    'Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\n',
  'etc/ssh/sshd_config.d/10-compliance.conf': [
    'PermitRootLogin no',
    'PasswordAuthentication no',
    'Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com',
    'MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com',
    'KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256',
    'ClientAliveInterval 300',
    'ClientAliveCountMax 3',
    'Banner /etc/issue.net',
    '',
  ].join('\n'),
  'etc/ssl/openssl.cnf': [
    'openssl_conf = default_conf',
    '[default_conf]',
    'ssl_conf = ssl_sect',
    '[ssl_sect]',
    'system_default = system_default_sect',
    '[system_default_sect]',
    'MinProtocol = TLSv1.2',
    'CipherString = DEFAULT@SECLEVEL=2',
    '',
  ].join('\n'),
  'etc/sysctl.d/90-compliance.conf': [
    ...[
      'fs.suid_dumpable = 0',
      'kernel.randomize_va_space = 2',
      'kernel.dmesg_restrict = 1',
      'kernel.kptr_restrict = 2',
    ],
    ...['all', 'default'].flatMap((of) =>
      [
        'rp_filter = 1',
        'accept_redirects = 0',
        'secure_redirects = 0',
        'send_redirects = 0',
        'accept_source_route = 0',
      ].map((one) => `net.ipv4.conf.${of}.${one}`),
    ),
    ...[
      'net.ipv6.conf.all.accept_redirects = 0',
      'net.ipv6.conf.default.accept_redirects = 0',
      'net.ipv6.conf.all.accept_source_route = 0',
    ],
    ...[
      'net.ipv4.tcp_syncookies = 1',
      'net.ipv4.icmp_echo_ignore_broadcasts = 1',
      'net.ipv4.ip_forward = 0',
      'net.ipv6.conf.all.forwarding = 0',
      '',
    ],
  ].join('\n'),
  'etc/modprobe.d/usb.conf': 'blacklist usb-storage\ninstall usb-storage /bin/false\n',
  'etc/nftables.conf': { text: nftables, mode: 0o755 },
  'etc/crontab': { text: 'SHELL=/bin/sh\n', mode: 0o600 },
  'etc/cron.d': { folder: true, mode: 0o700 },
  'etc/cron.daily': { folder: true, mode: 0o700 },
  'etc/audit/auditd.conf': 'log_group = adm\nmax_log_file_action = keep_logs\nspace_left_action = syslog\n',
  'etc/audit/rules.d/50-compliance.rules': auditRules,
  'etc/audit/rules.d/99-final.rules': '-e 2\n',
  'var/log/audit': { folder: true, mode: 0o750 },
  'etc/systemd/journald.conf': '[Journal]\n#Storage=auto\n',
  'etc/systemd/journald.conf.d/compliance.conf': '[Journal]\nStorage=persistent\n',
  'etc/systemd/journal-upload.conf': '[Upload]\nURL=https://logs.example.org\n',
  'etc/chrony/chrony.conf': 'confdir /etc/chrony/conf.d\npool ntp.example.org iburst\n',
  'etc/apt/sources.list.d/debian.sources': [
    'Types: deb',
    'URIs: https://archive.example.org/debian',
    'Suites: trixie trixie-updates',
    'Components: main',
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    '',
    'Types: deb',
    'URIs: https://archive.example.org/security',
    'Suites: trixie-security',
    'Components: main',
    'Signed-By:',
    ' /usr/share/keyrings/debian-archive-keyring.gpg',
    '',
  ].join('\n'),
  'etc/apt/apt.conf.d/20auto-upgrades':
    'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n',
  'etc/aide/aide.conf': 'database_in=file:/var/lib/aide/aide.db\n',
  'etc/systemd/system/tmp.mount':
    '[Unit]\nDescription=Temporary\n[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\nOptions=mode=1777,nodev,nosuid,noexec\n[Install]\nWantedBy=local-fs.target\n',
  'etc/systemd/system/local-fs.target.wants/tmp.mount': { link: '/etc/systemd/system/tmp.mount' },
  ...starts('apparmor.service', 'sysinit.target'),
  ...starts('nftables.service', 'sysinit.target'),
  ...starts('auditd.service'),
  ...starts('chrony.service'),
  ...starts('ssh.service'),
  ...starts('nginx.service'),
  ...starts('systemd-journal-upload.service'),
  ...starts('apt-daily.timer', 'timers.target'),
  ...starts('apt-daily-upgrade.timer', 'timers.target'),
  ...starts('dailyaidecheck.timer', 'timers.target'),
  tmp: { folder: true, mode: 0o1777 },
  'usr/bin/tool': { text: tool, mode: 0o4755 },
  'var/lib/dpkg/status': installed(...packages),
  'var/lib/dpkg/info/tool.list': '/.\n/usr\n/usr/bin\n/usr/bin/tool\n',
  'var/lib/dpkg/info/tool.md5sums': `${md5(tool)}  usr/bin/tool\n`,
  'var/lib/dpkg/info/systemd.list': '/usr/lib/systemd/system/systemd-journal-upload.service\n',
  'var/lib/dpkg/info/apparmor.list': '/usr/lib/systemd/system/apparmor.service\n',
  'var/lib/dpkg/info/openssh-server.list': '/usr/lib/systemd/system/ssh.service\n',
  'var/lib/dpkg/info/nginx.list': '/usr/lib/systemd/system/nginx.service\n',
  'var/lib/dpkg/info/chrony.list': '/usr/lib/systemd/system/chrony.service\n',
  'var/lib/dpkg/info/auditd.list': '/lib/systemd/system/auditd.service\n',
  'var/lib/dpkg/info/aide.list': '/usr/lib/systemd/system/dailyaidecheck.timer\n',
  lib: { link: 'usr/lib' },
};
