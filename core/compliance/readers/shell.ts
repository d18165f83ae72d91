import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns, readFile } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';

/** The files that a login shell of every user reads, in their order. */
export function shellLines(tree: InspectedTree): Placed[] {
  const files = [
    readFile(tree, 'etc/profile'),
    ...dropIns(tree, ['etc/profile.d'], '.sh'),
    readFile(tree, 'etc/bash.bashrc'),
  ];
  return files.flatMap((file) =>
    file === undefined ? [] : linesOf(file.path, file.text).map(({ text, place }) => ({ value: text, place })),
  );
}

/** Seconds after which a shell ends by itself, and whether the user can change that. */
export function shellTimeout(
  tree: InspectedTree,
): { readonly seconds: Placed; readonly readonly: boolean } | undefined {
  let seconds: Placed | undefined;
  let fixed = false;
  for (const { value, place } of shellLines(tree)) {
    const [, number] = /(?:^|[\s;])TMOUT=["']?([0-9]+)/.exec(value) ?? [];
    // What comes after a `readonly` does not change it.
    if (number !== undefined && !fixed) seconds = { value: number, place };
    if (/(?:^|[\s;])(?:readonly|(?:declare|typeset)\s+-[a-z]*r[a-z]*)\s+(?:[A-Za-z_]+\s+)*TMOUT\b/.test(value))
      fixed = true;
  }
  return seconds === undefined ? undefined : { seconds, readonly: fixed };
}

/** The file mode mask that shells set, the last that stands. */
export function shellUmask(tree: InspectedTree): Placed | undefined {
  return shellLines(tree).findLast(({ value }) => /^umask\s+[0-7]{3,4}$/.test(value));
}
