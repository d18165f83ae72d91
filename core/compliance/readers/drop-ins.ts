import { byCodeUnits } from '../../text.ts';
import type { InspectedTree } from '../inspected-tree.ts';

/** A file that a program reads. */
export interface ReadFile {
  /** Where it really lies, relative to the root. */
  readonly path: string;
  readonly text: string;
}

/** A file, links followed; undefined where there is none. */
export function readFile(tree: InspectedTree, path: string): ReadFile | undefined {
  const found = tree.find(path);
  const text = tree.text(path);
  return found === undefined || text === undefined ? undefined : { path: found.path, text };
}

/**
 * Files of several folders as sysctl.d(5), systemd and their like read them: of one name that of the first folder counts,
 * a mask takes the name away, and they are read in the order of their names.
 */
export function dropIns(tree: InspectedTree, folders: readonly string[], ends: string): ReadFile[] {
  const byName = new Map<string, string>();
  for (const folder of folders) {
    for (const name of tree.names(folder)) {
      if (name.endsWith(ends) && !byName.has(name)) byName.set(name, `${folder}/${name}`);
    }
  }
  return [...byName]
    .sort(([one], [other]) => byCodeUnits(one, other))
    .flatMap(([, path]) => (tree.isMask(path) ? [] : (readFile(tree, path) ?? [])));
}
