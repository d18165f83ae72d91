import type { LayerIndexHeader } from '../builds/layer-index.ts';
import { byCodeUnits } from '../text.ts';

export type PackageStanza = NonNullable<LayerIndexHeader['packages']>[number];

/** A package of one architecture that is not the same in two images. Undefined: it is not there. */
export interface PackageChange {
  readonly name: string;
  readonly architecture: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/**
 * The packages that two package databases do not hold in the same version, by name. One of which only configuration is
 * left is not there.
 */
export function packageChanges(before: readonly PackageStanza[], after: readonly PackageStanza[]): PackageChange[] {
  const [older, newer] = [presentPackages(before), presentPackages(after)];
  const changes: PackageChange[] = [];
  for (const [id, { name, architecture, version }] of older) {
    const other = newer.get(id)?.version;
    if (other !== version) changes.push({ name, architecture, before: version, after: other });
  }
  for (const [id, { name, architecture, version }] of newer) {
    if (!older.has(id)) changes.push({ name, architecture, before: undefined, after: version });
  }
  return changes.sort((a, b) => byCodeUnits(a.name, b.name) || byCodeUnits(a.architecture, b.architecture));
}

function presentPackages(stanzas: readonly PackageStanza[]): Map<string, PackageStanza> {
  const present = stanzas.filter(({ status }) => !/ (?:not-installed|config-files)$/.test(status));
  return new Map(present.map((stanza) => [`${stanza.name}\0${stanza.architecture}`, stanza]));
}
