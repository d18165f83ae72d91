/**
 * Packages that Fedora and its kin call otherwise than Debian and Ubuntu do. Where the value is empty there is nothing to
 * install: what the package has comes with the system here, or makes no sense in it.
 */
const renamed: Readonly<Record<string, string>> = {
  audit: 'auditd',
  libselinux: '',
  'bind-utils': 'bind9-dnsutils',
  'bzip2-devel': 'libbz2-dev',
  'cloud-utils-growpart': 'cloud-guest-utils',
  cronie: 'cron',
  'device-mapper-multipath': 'multipath-tools',
  'dhcp-server': 'isc-dhcp-server',
  'dnf-automatic': 'unattended-upgrades',
  'docker-ce': 'docker.io',
  'edk2-ovmf': 'ovmf',
  'gcc-c++': 'g++',
  'glibc-devel': 'libc6-dev',
  'glibc-langpack-en': 'locales',
  gnupg2: 'gnupg',
  golang: 'golang-go',
  httpd: 'apache2',
  'httpd-tools': 'apache2-utils',
  'insights-client': '',
  'iptables-services': 'iptables-persistent',
  iputils: 'iputils-ping',
  'iscsi-initiator-utils': 'open-iscsi',
  'java-11-openjdk-headless': 'default-jre-headless',
  'java-17-openjdk-headless': 'default-jre-headless',
  'java-21-openjdk-headless': 'default-jre-headless',
  'kernel-devel': 'linux-headers-generic',
  'libcurl-devel': 'libcurl4-openssl-dev',
  'libvirt-daemon-kvm': 'libvirt-daemon-system',
  lm_sensors: 'lm-sensors',
  mod_ssl: 'apache2',
  'net-snmp': 'snmpd',
  'net-snmp-utils': 'snmp',
  'network-scripts': '',
  NetworkManager: 'network-manager',
  'NetworkManager-wifi': 'network-manager',
  'nfs-utils': 'nfs-kernel-server',
  'nmap-ncat': 'ncat',
  'openldap-clients': 'ldap-utils',
  openssh: 'openssh-client',
  'openssh-clients': 'openssh-client',
  'openssl-devel': 'libssl-dev',
  'pam-devel': 'libpam0g-dev',
  pinentry: 'pinentry-curses',
  'policycoreutils-python-utils': '',
  'postgresql-server': 'postgresql',
  'procps-ng': 'procps',
  'python3-devel': 'python3-dev',
  'python3-pyyaml': 'python3-yaml',
  'qemu-kvm': 'qemu-system-x86',
  redis: 'redis-server',
  'redhat-lsb-core': 'lsb-release',
  rhc: '',
  'samba-client': 'smbclient',
  'selinux-policy-targeted': '',
  'setools-console': '',
  'shadow-utils': '',
  sqlite: 'sqlite3',
  'subscription-manager': '',
  'systemd-networkd': '',
  'tigervnc-server': 'tigervnc-standalone-server',
  'vim-enhanced': 'vim',
  'vim-minimal': 'vim-tiny',
  WALinuxAgent: 'waagent',
  which: '',
  'yum-utils': '',
  'zlib-devel': 'zlib1g-dev',
};

/** Groups of packages of Fedora and its kin, as packages. */
const groups: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'minimal-environment': [],
  'development-tools': ['build-essential'],
  'development tools': ['build-essential'],
  'c-development': ['build-essential'],
  'container-management': ['podman', 'buildah', 'skopeo'],
  'web-server': ['apache2'],
  'basic-web-server': ['apache2'],
  'network-server': ['bind9', 'isc-dhcp-server'],
  'headless-management': ['cockpit', 'openssh-server'],
  'system-tools': ['htop', 'lsof', 'strace', 'tmux'],
  'guest-agents': ['qemu-guest-agent'],
  virtualization: ['libvirt-daemon-system', 'qemu-system-x86', 'virtinst'],
};

/** What a package of an RPM distribution is called here: a name, '' where there is nothing to install; undefined unknown. */
export function debianPackage(name: string): string | undefined {
  return Object.hasOwn(renamed, name) ? renamed[name] : undefined;
}

/** The packages of a group; undefined where it is not known. */
export function groupPackages(name: string): readonly string[] | undefined {
  const key = name.toLowerCase().replace(/^@\^?/, '');
  return Object.hasOwn(groups, key) ? groups[key] : undefined;
}

/** How many names are known, for the documentation. */
export const knownPackages = Object.keys(renamed).filter((name) => renamed[name] !== name).length;
export const knownGroups: readonly string[] = Object.keys(groups);
