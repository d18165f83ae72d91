import { type DistributionName, distributionNames, type ReleaseOf, releaseNamesOf } from '../distributions/registry.ts';

export type ReleaseName = { [Name in DistributionName]: ReleaseOf<Name> }[DistributionName];

/** Code names of the releases that can be built, of all distributions: no two have one of the same name. */
export const releaseNames: readonly ReleaseName[] = distributionNames.flatMap((name) => [...releaseNamesOf(name)]);

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
