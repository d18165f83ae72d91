import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns, readFile } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';
import { sectionSettings } from './settings.ts';
import type { Units } from './units.ts';

/** Options of what is mounted at a path, by fstab(5), else by a mount unit that starts; undefined where nothing is. */
export function mountOptions(tree: InspectedTree, units: Units, mountPoint: string): Placed | undefined {
  const table = readFile(tree, 'etc/fstab');
  for (const { text, place } of table === undefined ? [] : linesOf(table.path, table.text)) {
    const [, at, , options] = text.split(/\s+/);
    if (at === mountPoint && options !== undefined) return { value: options, place };
  }
  const unit = `${mountPoint.slice(1).replaceAll('/', '-')}.mount`;
  if (units.state(unit) !== 'enabled') return undefined;
  const own = ['etc/systemd/system', 'usr/lib/systemd/system'].find((folder) => tree.find(`${folder}/${unit}`));
  const files = [readFile(tree, `${own ?? ''}/${unit}`), ...dropIns(tree, [`etc/systemd/system/${unit}.d`], '.conf')];
  return sectionSettings(files, 'Mount').get('Options') ?? { value: 'defaults', place: `/${own ?? ''}/${unit}` };
}

/** Which of the wanted options are not among those of a mount. */
export function missingOptions(options: string, wanted: readonly string[]): string[] {
  const given = new Set(options.split(','));
  return wanted.filter((option) => !given.has(option));
}
