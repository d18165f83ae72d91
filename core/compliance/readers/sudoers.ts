import type { InspectedTree } from '../inspected-tree.ts';
import { linesOf, type Placed } from './place.ts';

const mostFiles = 200;

/** The lines of `/etc/sudoers` and of the files that it includes, comments left out (sudoers(5)). */
export function sudoersLines(tree: InspectedTree): Placed[] {
  const lines: Placed[] = [];
  let files = 0;
  const read = (path: string): void => {
    files += 1;
    const found = tree.find(path);
    if (files > mostFiles || found === undefined) return;
    // `#include` and `#includedir` are no comments, and neither is a user by number.
    for (const { text, place } of linesOf(found.path, tree.text(path) ?? '', /^#(?!include|[0-9])/)) {
      const [, kind, target = ''] = /^[@#](include(?:dir)?)\s+"?([^"]+?)"?$/.exec(text) ?? [];
      const at = target.startsWith('/') ? target.slice(1) : `etc/${target}`;
      if (kind === 'include') read(at);
      // A name that ends in `~` or holds a dot is left out by sudo.
      else if (kind === 'includedir') for (const name of tree.names(at)) if (!/~$|\./.test(name)) read(`${at}/${name}`);
      if (kind === undefined) lines.push({ value: text.replace(/\s+#.*$/, ''), place });
    }
  };
  read('etc/sudoers');
  return lines;
}

/** Rules by which somebody may do everything without a password, and defaults that ask nobody for one. */
export function passwordlessRules(tree: InspectedTree): Placed[] {
  return sudoersLines(tree).filter(({ value }) => {
    if (/^Defaults\b.*!authenticate\b/.test(value)) return true;
    if (/^(?:Defaults|(?:User|Runas|Host|Cmnd|Cmd)_Alias)\b/.test(value)) return false;
    // A tag holds for the commands after it until another takes it back.
    let free = false;
    for (const command of value.slice(value.indexOf('=') + 1).split(',')) {
      for (const [tag] of command.matchAll(/\b(?:NOPASSWD|PASSWD)\s*:/g)) free = tag.startsWith('NOPASSWD');
      if (free && /(?:^|[\s:)])ALL$/.test(command.trim())) return true;
    }
    return false;
  });
}
