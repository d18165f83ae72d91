import { debian } from './debian.ts';
import type { Distribution } from './distribution.ts';

/**
 * Ubuntu's releases with long-term support that boot by initramfs-tools. live-boot is of `universe`, which Ubuntu's own
 * live systems (casper) do not use: so a live system starts as Debian's does.
 */
export const ubuntu = {
  name: 'ubuntu',
  title: 'Ubuntu',
  packageManager: 'apt',
  releases: {
    jammy: {
      ...{ version: '22.04', suites: ['jammy', 'jammy-updates'], securitySuite: 'jammy-security' },
      withoutCredentials: true,
    },
    noble: { version: '24.04', suites: ['noble', 'noble-updates'], securitySuite: 'noble-security' },
  },
  components: ['main', 'universe'],
  archiveHasSecurity: true,
  snapshotNames: { archive: 'ubuntu', security: 'ubuntu' },
  keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
  // All suites of a release have its code name.
  suitesDifferBy: 'suite',
  kernelPackages: { amd64: 'linux-image-generic', arm64: 'linux-image-generic' },
  bootPackages: debian.bootPackages,
  unattendedUpgrades: {
    otherLists: ['Unattended-Upgrade::Allowed-Origins'],
    securityOrigin: `origin=Ubuntu,archive=\${distro_codename}-security,label=Ubuntu`,
  },
  timeServers: ['ntp.ubuntu.com'],
  packageUrl: { type: 'deb', namespace: 'ubuntu' },
  operatingSystem: { cimType: 94, description: 'Ubuntu, 64 bits' },
} as const satisfies Distribution;
