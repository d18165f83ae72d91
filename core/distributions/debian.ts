import type { Distribution } from './distribution.ts';

/** Debian: each release has a security archive of its own; sid has no other suite and changes several times a day. */
export const debian = {
  name: 'debian',
  title: 'Debian',
  packageManager: 'apt',
  releases: {
    bookworm: {
      ...{ version: '12', suites: ['bookworm', 'bookworm-updates'], securitySuite: 'bookworm-security' },
      growthPackages: [],
    },
    trixie: {
      ...{ version: '13', suites: ['trixie', 'trixie-updates'], securitySuite: 'trixie-security' },
      growthPackages: ['systemd-repart'],
    },
    sid: { version: 'unstable', suites: ['sid'], growthPackages: ['systemd-repart'] },
  },
  // Packages of other components need the operator's decision about licences.
  components: ['main'],
  archiveHasSecurity: false,
  snapshotNames: { archive: 'debian', security: 'debian-security' },
  keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  suitesDifferBy: 'codename',
  kernelPackages: { amd64: 'linux-image-amd64', arm64: 'linux-image-arm64' },
  bootPackages: {
    // zstd so that the initial RAM file system is not gzip.
    all: ['initramfs-tools', 'zstd', 'systemd-sysv', 'udev', 'kmod', 'dbus', 'login', 'passwd'],
    live: ['live-boot', 'live-boot-initramfs-tools'],
    // A disk's root file system is checked at boot.
    disk: ['e2fsprogs'],
  },
  unattendedUpgrades: {
    otherLists: [],
    // Debian 11 and later name the security suite CODENAME-security. The code name stays a variable: an image that is
    // upgraded to the next release keeps its updates.
    securityOrigin: `origin=Debian,codename=\${distro_codename}-security,label=Debian-Security`,
  },
  // The pool’s names for the distribution.
  timeServers: [0, 1, 2, 3].map((number) => `${number}.debian.pool.ntp.org`),
  packageUrl: { type: 'deb', namespace: 'debian' },
  operatingSystem: { cimType: 96, description: 'Debian GNU/Linux, 64 bits' },
} as const satisfies Distribution;
