/**
 * Programs that manage a distribution's packages. Each has step programs of its own in
 * containers/builder/programs/registry.ts.
 */
export type PackageManager = 'apt';

/** A release, by the facts that its archive and its packages have. */
export interface Release {
  /** As `VERSION_ID` of os-release(5) has it; of a release that is never finished, its suite's other name. */
  readonly version: string;
  /** Suites of the archive, the release's own first: that one must be there, the others may be absent. */
  readonly suites: readonly [string, ...string[]];
  /** Suite of its security updates; absent where these come as all others. */
  readonly securitySuite?: string;
  /** Its systemd is older than 252 and takes no credentials of the firmware, by which the shell of boot tests comes. */
  readonly withoutCredentials?: true;
  /** Packages that bring systemd-repart, where it is no part of systemd's own; absent where no root was seen to grow. */
  readonly growthPackages?: readonly string[];
}

/**
 * All that differs between distributions of a package manager: facts, and nothing that runs. What a driver must give
 * beside its type is in test/contract/distributions, and what another package manager needs in docs/distributions.md.
 */
export interface Distribution {
  /** As `ID` of os-release(5) has it. Specs, `archives.NAME` of the configuration and package URLs name it so. */
  readonly name: string;
  /** Its name in a sentence. */
  readonly title: string;
  readonly packageManager: PackageManager;
  /** By code name. */
  readonly releases: Readonly<Record<string, Release>>;
  /** Parts of the archive that packages are taken from; the image's sources name these. */
  readonly components: readonly [string, ...string[]];
  /** Whether the archive itself has the security suites; else they are taken where their own archive is configured. */
  readonly archiveHasSecurity: boolean;
  /** What archives that keep old states call the archive and that of its security suites: one name where it is one. */
  readonly snapshotNames: Readonly<Record<'archive' | 'security', string>>;
  /** File with the keys that sign the archive, at one path in the builder root and in every image. */
  readonly keyring: string;
  /** What tells its suites apart in their InRelease, and so in pins: their code name or the suite itself. */
  readonly suitesDifferBy: 'codename' | 'suite';
  /** The package that depends on the newest kernel. */
  readonly kernelPackages: Readonly<Record<'amd64' | 'arm64', string>>;
  /** What an image with a kernel needs beside it: to come up at all, as a live system, and from a disk. */
  readonly bootPackages: Readonly<Record<'all' | 'live' | 'disk', readonly string[]>>;
  /** Settings of unattended-upgrades: lists of its own that stand beside `Origins-Pattern`, and the security updates. */
  readonly unattendedUpgrades: { readonly otherLists: readonly string[]; readonly securityOrigin: string };
  /** What its systemd-timesyncd asks for the time where no configuration names a server. */
  readonly timeServers: readonly string[];
  /** Type and namespace of package URLs (package-url specification). */
  readonly packageUrl: { readonly type: 'deb'; readonly namespace: string };
  /** The system of 64 bits in CIM's list (CIM_OperatingSystem.OSType), which OVF descriptors name. */
  readonly operatingSystem: { readonly cimType: number; readonly description: string };
}
