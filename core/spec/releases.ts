/** The releases that can be built. `suites` are the archive's; `security` the security archive's. */
export const releases = {
  bookworm: {
    distribution: 'debian',
    version: '12',
    suites: ['bookworm', 'bookworm-updates'],
    securitySuite: 'bookworm-security',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  },
  trixie: {
    distribution: 'debian',
    version: '13',
    suites: ['trixie', 'trixie-updates'],
    securitySuite: 'trixie-security',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  },
} as const;
export type ReleaseName = keyof typeof releases;

export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

export const outputTypes = [
  'iso',
  'raw',
  'tar',
  'oci',
  'docker',
  'qcow2',
  'vmdk',
  'vhd',
  'vhdx',
  'ova',
  'netboot',
  'wsl',
] as const;
export type OutputType = (typeof outputTypes)[number];
