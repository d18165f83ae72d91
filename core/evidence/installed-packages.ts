import type { LayerIndexHeader, PackageStanza } from '../builds/layer-index.ts';
import { byCodeUnits } from '../text.ts';

/** A package that has files in the image. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Absent where the layer is older than this part of the index. */
  readonly source?: string;
  readonly sourceVersion?: string;
  /** Short names of its copyright file; absent where that does not say them in a form that can be read. */
  readonly licences?: readonly string[];
}

/** Words of dpkg's third status field for packages without files: never installed, or removed but for their settings. */
const withoutFiles = new Set(['not-installed', 'config-files']);

/** Names, versions and architectures as Debian Policy 5.6 has them, licences as DEP-5: what is none by that is none. */
const forms = {
  name: /^[a-z0-9][a-z0-9+.-]{0,199}$/,
  version: /^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,199}$/,
  architecture: /^[a-z0-9-]{1,60}$/,
  // DEP-5 has words that single spaces part; an empty one would be a licence that no document can name.
  licence: /^[!-~]+(?: [!-~]+)*$/,
} as const;

/**
 * The packages of an image, by the indexes of its layers: the topmost package database is the image's own, and the
 * licences of a package are those that the topmost layer with its copyright file tells. What tenants wrote into a
 * database is taken only in Debian's own forms, so that it can stand in any document. Sorted by name and architecture.
 * @param headers of all layers, lowest first
 */
export function installedPackages(headers: readonly LayerIndexHeader[]): InstalledPackage[] {
  const databases = headers.flatMap(({ packages }) => (packages === undefined ? [] : [packages]));
  const licences = new Map<string, readonly string[]>();
  for (const stanza of databases.flat()) {
    // Of several licences one that cannot be told makes the whole unknown, as in a copyright file.
    const told = stanza.licences?.every((name) => forms.licence.test(name)) === true ? stanza.licences : [];
    if (told.length > 0) licences.set(keyOf(stanza), told);
    else if (stanza.licences !== undefined) licences.delete(keyOf(stanza));
  }
  const found = new Map<string, InstalledPackage>();
  for (const stanza of databases.at(-1) ?? []) {
    const { name, version, architecture, source, sourceVersion } = stanza;
    if (withoutFiles.has(stanza.status.split(' ').at(-1) ?? '')) continue;
    if (!forms.name.test(name) || !forms.version.test(version) || !forms.architecture.test(architecture)) continue;
    const own = licences.get(keyOf(stanza));
    found.set(keyOf(stanza), {
      ...{ name, version, architecture },
      ...(source !== undefined && forms.name.test(source) ? { source } : {}),
      ...(sourceVersion !== undefined && forms.version.test(sourceVersion) ? { sourceVersion } : {}),
      ...(own === undefined ? {} : { licences: own }),
    });
  }
  return [...found.values()].sort((a, b) => byCodeUnits(keyOf(a), keyOf(b)));
}

function keyOf({ name, architecture }: Pick<PackageStanza, 'name' | 'architecture'>): string {
  return `${name} ${architecture}`;
}
