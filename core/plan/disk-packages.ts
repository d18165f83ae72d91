import { releaseNamed } from '../distributions/registry.ts';
import { bootSets } from '../spec/capabilities.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

/** Packages that the layout of a disk needs in the image. What only a disk needs is not installed where none is made. */
export function diskPackages({ base, disk, outputs }: ResolvedSpec): readonly string[] {
  const makesDisk = bootSets(outputs.map(({ type }) => type)).includes('raw');
  return makesDisk && disk?.growth !== undefined ? (releaseNamed(base.release).release.growthPackages ?? []) : [];
}
