import { bootSets } from '../spec/capabilities.ts';
import type { ReleaseName } from '../spec/releases.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

/** The package of systemd-repart, where it is not a part of systemd's own. */
const growing: Readonly<Record<ReleaseName, readonly string[]>> = { bookworm: [], trixie: ['systemd-repart'] };

/** Packages that the layout of a disk needs in the image. What only a disk needs is not installed where none is made. */
export function diskPackages({ base, disk, outputs }: ResolvedSpec): readonly string[] {
  const makesDisk = bootSets(outputs.map(({ type }) => type)).includes('raw');
  return makesDisk && disk?.growth !== undefined ? growing[base.release] : [];
}
