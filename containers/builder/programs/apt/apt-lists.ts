import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AptSettings, sourceOf } from './apt-settings.ts';
import type { ListFile, SignedIndexes } from './signed-indexes.ts';

/** Name of a file in apt's lists folder: its address without the scheme, quoted as apt quotes it (URItoFileName). */
export function listName({ suite, name }: ListFile): string {
  const address = `${sourceOf(suite)}/dists/${suite.suite}/${name}`;
  return address
    .replace(/^[a-z+]+:\/\//, '')
    .replace(/[\\|{}[\]<>"^~_=!@#$%^&*]/g, (odd) => `%${odd.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('/', '_');
}

/**
 * Fills apt's lists with what `apt-get update` would fetch, of the packages of these names alone. Apt takes a list for
 * signed where the InRelease lies beside it; both were verified when they were opened.
 */
export async function writeLists(
  settings: AptSettings,
  indexes: SignedIndexes,
  names: ReadonlySet<string>,
): Promise<void> {
  for (const file of indexes.releases) await writeFile(join(settings.lists, listName(file)), file.bytes);
  for (const [number, file] of indexes.files.entries()) {
    await writeFile(join(settings.lists, listName(file)), indexes.packages.select(number, names), 'latin1');
  }
}
