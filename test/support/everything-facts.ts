import type { Customization } from '../../core/spec/capabilities.ts';

/** A command, run by the user `ops` in the booted system, and what it must say. */
export type Facts = Readonly<Record<string, RegExp>>;

/** Text that a command says, as the pattern that nothing else matches. */
function says(...lines: readonly string[]): RegExp {
  return new RegExp(`^${lines.join('\n').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`);
}

const state = '/var/lib/lbuild/first-boot';
const refusedBySudo = /password is required|not allowed/;

/** What is not seen from the inside: which packages a lock allows, and what no output can have. */
export const unseen = ['lock', 'disk.encryption', 'disk.volumes'] as const satisfies readonly Customization[];

/** MiB that the machine's disk has more than the image. */
export const moreMiB = 1_024;

/**
 * What the system that everythingSpec makes says of each section from the inside, as `raw` on a disk that is larger than
 * the image: what the kernel, its services and its tools hold, and as few files as can be. A new section has no entry
 * here and is a type error.
 */
export const everythingFacts: Readonly<Record<Exclude<Customization, (typeof unseen)[number]>, Facts>> = {
  archives: {
    'cat /srv/web/index.html': says('from the archive'),
    'grep -h ^Signed-By /etc/apt/sources.list.d/site.sources': says('Signed-By: /etc/apt/keyrings/site.asc'),
    'tail -n +2 /etc/apt/preferences.d/site.pref': says('Pin: origin "localhost"', 'Pin-Priority: 400'),
  },
  packages: {
    'apt-cache policy curl': /Installed: 8\..*\n[\s\S]*\*\*\* 8\.\S+ 1001$/m,
    'dpkg --get-selections curl': /^curl\s+hold$/,
    "dpkg-query -W -f '${db:Status-Abbrev}' site-web nginx-light iputils-ping": says('ii ii ii'),
    'LC_ALL=C ls -d /srv/gone 2>&1 | grep -c "No such file"': says('1'),
    'dpkg-query -W site-group site-gone 2>&1 | grep -c "no packages found"': says('2'),
    'ping -c 1 -W 2 127.0.0.1 | grep -c "1 received"': says('1'),
  },
  'system.hostname': { hostname: says('edge-01') },
  'system.timezone': { 'timedatectl show -p Timezone --value; date +%Z': /^Europe\/Berlin\nCES?T$/ },
  'system.locale': { 'echo $LANG; locale -a | grep -c de_DE': says('de_DE.UTF-8', '1') },
  'system.keyboard': { 'grep ^XKBLAYOUT /etc/default/keyboard': says('XKBLAYOUT="de"') },
  'system.ntp': {
    'systemctl is-active systemd-timesyncd': says('active'),
    'timedatectl show-timesync -p SystemNTPServers --value': says('ntp1.example.org 192.0.2.1'),
  },
  groups: { 'getent group deploy': says('deploy:x:1500:ops') },
  users: {
    'id -u; id -nG': says('1600', 'ops systemd-journal deploy'),
    'cat ~/.ssh/authorized_keys': /^ssh-ed25519 /,
    'getent passwd ops dev': /^ops:x:1600:1600:Operator:\/home\/ops:\/bin\/bash\ndev:x:\d+:\d+::\/srv\/dev:\/bin\/sh$/,
    'sudo -n id -un': says('root'),
    'sudo -n visudo -c >/dev/null; echo $?': says('0'),
    'sudo -n -u dev sudo -n /usr/bin/id': /^uid=0\(root\)/,
    'sudo -n -u dev sudo -n /usr/bin/id -u': refusedBySudo,
    'sudo -n -u dev sudo -n /usr/bin/cat /etc/hostname': says('edge-01'),
    'sudo -n -u asked sudo -n id': refusedBySudo,
    'sudo -n passwd -S locked; sudo -n passwd -S dev; sudo -n passwd -S ops': /^locked L .*\ndev L .*\nops P /,
    'sudo -n env LC_ALL=C chage -l fresh | head -n 1': /must be changed/,
  },
  rootAccount: {
    'sudo -n passwd -S root': /^root L /,
    'sudo -n cat /root/.ssh/authorized_keys': /^ecdsa-sha2-nistp256 /,
  },
  directories: {
    'stat -c "%a %U %G" /srv/data': says('2770 root deploy'),
    'sudo -n stat -c "%a %U %G" /var/backups': says('700 ops root'),
  },
  files: {
    'cat /etc/motd': says('built here'),
    'od -An -tx1 /srv/data/bytes; stat -c "%a %U %G" /srv/data/bytes': /^ff 00 0a 80\n640 ops deploy$/,
    'cat /srv/store/sent; stat -c "%a %U %G" /srv/store/sent': says('sent on its own', '640 root deploy'),
  },
  remove: {
    'LC_ALL=C ls -d /usr/share/doc /etc/issue.net /srv/none 2>&1 | grep -c "No such file"': says('3'),
  },
  services: {
    'systemctl is-active nginx systemd-networkd': says('active', 'active'),
    'exec 3<>/dev/tcp/127.0.0.1/80; printf "HEAD / HTTP/1.0\\r\\n\\r\\n" >&3; head -n1 <&3': says('HTTP/1.1 200 OK'),
    'systemctl is-enabled fstrim.timer dpkg-db-backup.timer': says('disabled', 'masked'),
    'systemctl is-active fstrim.timer dpkg-db-backup.timer': says('inactive', 'inactive'),
  },
  firstBoot: {
    'systemctl is-active lbuild-first-boot': says('active'),
    'cat /srv/attempts': says('hello', 'shaky', 'last /root'),
    [`cat ${state}/02-shaky; cat ${state}/done`]: says('ignored: failed: exit code 3', 'all scripts have run'),
  },
  'kernel.package': { 'uname -r': /^6\.\d+\S*-cloud-amd64$/ },
  'kernel.cmdline': { 'grep -c "console=tty0 console=ttyS0,115200 loglevel=3" /proc/cmdline': says('1') },
  'kernel.modules': {
    "cut -d' ' -f1 /proc/modules | grep -x dummy": says('dummy'),
    'sudo -n modinfo -F filename nbd | grep -c nbd.ko': says('1'),
    'sudo -n modprobe nbd >/dev/null 2>&1; echo $?': says('1'),
  },
  firewall: {
    'systemctl is-active nftables': says('active'),
    "sudo -n nft -s list ruleset | tr -d '\\t' | grep -E 'policy|dport|echo'": says(
      'type filter hook input priority filter; policy drop;',
      'ip6 saddr fe80::/10 udp dport 546 accept',
      'tcp dport 22 accept',
      'udp dport 60000-61000 accept',
      'ip saddr 192.0.2.0/24 tcp dport 80 accept',
      'ip6 saddr 2001:db8::/32 tcp dport 80 accept',
      'type filter hook forward priority filter; policy drop;',
    ),
  },
  sysctl: {
    'sudo -n sysctl -n net.ipv4.ip_forward vm.swappiness net.ipv4.conf.lo.log_martians': says('1', '10', '1'),
  },
  ssh: {
    'systemctl is-active ssh; ls /etc/ssh/ssh_host_ed25519_key.pub': says(
      'active',
      '/etc/ssh/ssh_host_ed25519_key.pub',
    ),
    "sudo -n sshd -T | grep -E '^(port|permitroot|password|allowusers|x11forwarding|maxauth)' | sort": says(
      ...['allowusers ops', 'maxauthtries 3', 'passwordauthentication no', 'permitrootlogin no', 'port 22'],
      ...['port 2222', 'x11forwarding no'],
    ),
    'head -c 8 </dev/tcp/127.0.0.1/2222': says('SSH-2.0-'),
  },
  certificates: { 'openssl verify /srv/server.pem': says('/srv/server.pem: OK') },
  cloudInit: {
    'cat /run/cloud-init/result.json': /"datasource": "DataSourceNone"/,
    'cat /run/cloud-init/cloud.cfg /etc/cloud/cloud.cfg.d/95-lbuild.cfg 2>/dev/null': /preserve_hostname: true/,
    'ls /etc/netplan /etc/network/interfaces.d 2>/dev/null | grep -c cloud-init': says('0'),
  },
  updates: {
    "apt-config dump | grep -E '^(Unattended-Upgrade::Automatic-Reboot|APT::Periodic::U)' | LC_ALL=C sort": says(
      ...['APT::Periodic::Unattended-Upgrade "1";', 'APT::Periodic::Update-Package-Lists "1";'],
      'Unattended-Upgrade::Automatic-Reboot "true";',
      'Unattended-Upgrade::Automatic-Reboot-Time "03:30";',
    ),
    'systemctl is-active apt-daily.timer apt-daily-upgrade.timer': says('active', 'active'),
  },
  steps: {
    'cat /srv/both; stat -c %U /srv/site': says('one', 'two', 'ops'),
    'LC_ALL=C ls /etc/debian_version 2>&1 | grep -c "No such file"; ls -A /etc/skel | wc -l': says('1', '0'),
  },
  embedSpec: {
    'sudo -n stat -c "%a %U %G" /usr/share/lbuild/spec.json': says('600 root root'),
    'sudo -n grep -oE "(content|package|hostname)...(edge-01|linux-image[a-z0-9-]*|built here)" /usr/share/lbuild/spec.json':
      says('content":"built here', 'package":"linux-image-cloud-amd64', 'hostname":"edge-01'),
    'sudo -n grep -oE "passwordHash..[^,}]*" /usr/share/lbuild/spec.json | sort -u': says('passwordHash":"(redacted)"'),
    'sudo -n grep -cE "outputs|cmdline|[$]y[$]" /usr/share/lbuild/spec.json': says('0'),
  },
  'disk.efi': {
    'findmnt -no FSTYPE /boot/efi | cat': says('vfat'),
    'lsblk -bnro SIZE,MOUNTPOINT | grep " /boot/efi$"': says(`${100 * 2 ** 20} /boot/efi`),
  },
  'disk.root': { 'findmnt -no FSTYPE / | cat': says('ext4') },
  'disk.partitions': {
    'findmnt -no FSTYPE /srv/store | cat; findmnt -no OPTIONS /srv/store | tr , "\\n" | grep -x noexec': says(
      'ext4',
      'noexec',
    ),
    'findmnt -no FSTYPE /opt/firmware | cat; cat /opt/firmware/config.txt': says('vfat', 'arm_64bit=1'),
  },
  'disk.swap': { 'tail -n +2 /proc/swaps | awk "{ print \\$2, (\\$3 >= 65000) }"': says('partition 1') },
  // All of the 4 GiB but for some 360 MiB of other parts and what ext4 keeps; the image's root has 2.7 GiB.
  'disk.growth': { 'df -BM --output=size / | tail -n 1 | tr -dc 0-9': /^3[2-9]\d\d$/ },
  // What tests and judges an image is not in it.
  compliance: {
    'sudo -n grep -c compliance /usr/share/lbuild/spec.json; ls -d /usr/share/lbuild/*': says(
      '0',
      '/usr/share/lbuild/spec.json',
    ),
  },
  vulnerabilities: { 'sudo -n grep -c onlyFixed /usr/share/lbuild/spec.json': says('0') },
  tests: { 'find / -xdev -name "*lbuild-test*" 2>/dev/null | wc -l': says('0') },
};
