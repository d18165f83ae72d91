import { archivePaths, type SpecArchive } from '../../../../core/spec/configuration/archives.ts';
import { foreignSourcesText } from '../apt/foreign-archives.ts';
import type { ConfigurationFile } from './configuration-file.ts';

/**
 * Sources in deb822 form, each bound to a file with its own key, so that the key vouches for nothing else.
 * @param priorities record of apt_preferences(5) of each archive that has a priority, by its name
 */
export function archivesFiles(
  archives: readonly SpecArchive[],
  priorities: ReadonlyMap<string, string>,
): ConfigurationFile[] {
  return archives.flatMap((archive) => {
    const { name, key } = archive;
    const preferences = priorities.get(name);
    return [
      { path: archivePaths.key(name), content: key, mode: 0o644 },
      { path: archivePaths.sources(name), content: foreignSourcesText(archive, archivePaths.key(name)), mode: 0o644 },
      ...(preferences === undefined
        ? []
        : [{ path: archivePaths.preferences(name), content: preferences, mode: 0o644 }]),
    ];
  });
}
