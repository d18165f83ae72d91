import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns, readFile } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';

/** The hard limit of core files for everybody (limits.conf(5)): `limits.d` after `limits.conf`, the last line counts. */
export function coreLimit(tree: InspectedTree): Placed | undefined {
  const files = [readFile(tree, 'etc/security/limits.conf'), ...dropIns(tree, ['etc/security/limits.d'], '.conf')];
  let found: Placed | undefined;
  for (const file of files) {
    for (const { text, place } of file === undefined ? [] : linesOf(file.path, file.text)) {
      const [domain, type, item, value = ''] = text.split(/\s+/);
      if (domain === '*' && (type === 'hard' || type === '-') && item === 'core') found = { value, place };
    }
  }
  return found;
}
