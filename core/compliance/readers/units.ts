import type { UnitState } from '../../diff/service-changes.ts';
import { unitName } from '../../spec/services.ts';
import { byCodeUnits } from '../../text.ts';
import type { InspectedTree } from '../inspected-tree.ts';

/** Where systemd looks for units, the first first (systemd.unit(5)). */
const folders = ['etc/systemd/system', 'usr/local/lib/systemd/system', 'usr/lib/systemd/system'] as const;

/** What starts at boot: units by their names, with the link that has them start. */
export interface Units {
  readonly enabled: ReadonlyMap<string, string>;
  state(unit: string): UnitState;
}

/**
 * Which units start, by the links in the folders of systemd: those that an administrator has made, and those that
 * packages bring (`.wants`, `.requires`, `.upholds`). What is masked starts in no way. Generators and presets, which
 * act in the running system, are left out.
 */
export function readUnits(tree: InspectedTree): Units {
  const enabled = new Map<string, string>();
  const fileOf = (unit: string) =>
    folders.map((folder) => `${folder}/${unit}`).find((path) => tree.lookAt(path) !== undefined);
  const isMasked = (unit: string) => {
    const path = fileOf(unit);
    return path !== undefined && tree.isMask(path);
  };
  for (const folder of folders) {
    for (const name of tree.names(folder)) {
      if (/\.(?:wants|requires|upholds)$/.test(name)) {
        for (const unit of tree.names(`${folder}/${name}`)) {
          const link = `${folder}/${name}/${unit}`;
          if (isUnit(unit) && !tree.isMask(link) && !isMasked(unit)) enabled.set(unit, enabled.get(unit) ?? `/${link}`);
        }
        continue;
      }
      // Another name that a unit has: display-manager.service of lightdm.service.
      const { type, target } = tree.lookAt(`${folder}/${name}`)?.entry ?? {};
      const unit = target?.split('/').at(-1) ?? '';
      const alias = folder === 'etc/systemd/system' && type === 'symlink' && isUnit(name) && isUnit(unit);
      if (alias && unit !== name && !isMasked(unit)) enabled.set(unit, enabled.get(unit) ?? `/${folder}/${name}`);
    }
  }
  const isThere = (unit: string) => fileOf(unit) !== undefined || fileOf(templateOf(unit)) !== undefined;
  const there = [...enabled].filter(([unit]) => isThere(unit)).sort(([one], [other]) => byCodeUnits(one, other));
  return {
    enabled: new Map(there),
    state: (unit) => {
      if (isMasked(unit)) return 'masked';
      if (!isThere(unit)) return 'absent';
      return enabled.has(unit) ? 'enabled' : 'disabled';
    },
  };
}

const isUnit = (name: string): boolean => unitName(name) === name;

/** getty@tty2.service is made of getty@.service. */
const templateOf = (unit: string): string => unit.replace(/@[^.]*\./, '@.');
