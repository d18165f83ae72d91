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

export const outputTypes = ['iso', 'raw', 'tar', 'oci', 'docker', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'] as const;
export type OutputType = (typeof outputTypes)[number];

/** Outputs that are one disk, each in a form of its own. */
const diskTypes: readonly OutputType[] = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'];

/** Whether an output is a disk: all of these need the same of the image. */
export function isDisk(type: OutputType): boolean {
  return diskTypes.includes(type);
}

/** Outputs that boot nothing: they need no kernel of their own, and no package of the image. */
const bootless: readonly OutputType[] = ['tar', 'oci', 'docker'];

/** Whether an output boots: then the image holds a kernel and what boots it. */
export function isBootable(type: OutputType): boolean {
  return !bootless.includes(type);
}
