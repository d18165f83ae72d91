import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';

/**
 * What keeps a kernel module from being loaded in every way (modprobe.d(5)): an `install` line that runs a command which
 * does nothing. A `blacklist` alone stops only what hardware asks for.
 */
export function moduleBlock(tree: InspectedTree, module: string): Placed | undefined {
  const known = (name: string) => name.replaceAll('-', '_');
  for (const { path, text } of dropIns(tree, ['etc/modprobe.d', 'usr/lib/modprobe.d'], '.conf')) {
    for (const line of linesOf(path, text)) {
      const [command, name = '', ...rest] = line.text.split(/\s+/);
      if (command !== 'install' || known(name) !== known(module)) continue;
      if (/^(?:\/usr)?\/?(?:s?bin\/)?(?:false|true)$/.test(rest.join(' ')))
        return { value: line.text, place: line.place };
    }
  }
  return undefined;
}
