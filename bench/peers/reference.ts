import type { SpecSource } from '../../sdk/spec-source.ts';

/** Where the archives are, as a tool is told; on loopback while something is measured. */
export interface ArchiveAddresses {
  readonly debian: string;
  readonly security: string;
}

export type OutputKind = 'iso' | 'raw';

/** What every tool makes an image of: Debian bookworm, the minimal system and these. */
export const referencePackages = [
  'linux-image-amd64',
  'systemd-sysv',
  'openssh-server',
  'curl',
  'vim-tiny',
  'zstd',
  'live-boot',
] as const;

/** The package of the scenario with one more. */
export const addedPackage = 'tree';

/** The file that is changed, in the image. */
export const changedPath = '/srv/site/index.html';

/** Its text in a state of the work. */
export function textOf(state: number): string {
  return `<h1>state ${state}</h1>\n`;
}

/** Lines of sources.list for all suites of the release. */
export function archiveSuites(archives: ArchiveAddresses): string[] {
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  return [
    `deb ${signed} ${archives.debian} bookworm main`,
    `deb ${signed} ${archives.debian} bookworm-updates main`,
    `deb ${signed} ${archives.security} bookworm-security main`,
  ];
}

/** The reference image as a spec of ours. `live-boot` comes with the output, the kernel package is the default one. */
export function referenceSpec(
  outputs: readonly OutputKind[],
  state: number,
  more: readonly string[] = [],
): Exclude<SpecSource, { text: string }> {
  const implied: readonly string[] = ['linux-image-amd64', ...(outputs.includes('iso') ? ['live-boot'] : [])];
  return {
    schemaVersion: 1,
    name: 'reference',
    base: { distribution: 'debian', release: 'bookworm', architecture: 'amd64' },
    packages: { install: [...referencePackages.filter((name) => !implied.includes(name)), ...more] },
    files: [{ path: changedPath, content: textOf(state) }],
    outputs: outputs.map((type) => ({ type })),
  };
}
