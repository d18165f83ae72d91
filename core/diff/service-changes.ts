import { unitName } from '../spec/services.ts';
import { byCodeUnits } from '../text.ts';
import { nodeAt, type TreeNode } from './tree.ts';

/**
 * Of a systemd unit: a link in /etc/systemd/system starts it; a link to /dev/null (or an empty file) there keeps
 * anything from starting it; its file is there and neither is; there is no such unit.
 */
export const unitStates = ['enabled', 'masked', 'disabled', 'absent'] as const;
export type UnitState = (typeof unitStates)[number];

export interface ServiceChange {
  readonly unit: string;
  readonly before: UnitState;
  readonly after: UnitState;
}

const linkFolder = ['etc', 'systemd', 'system'] as const;
/** Where systemd.unit(5) looks for the files of units in an image. */
const unitFolders = [
  linkFolder,
  ['usr', 'local', 'lib', 'systemd', 'system'],
  ['usr', 'lib', 'systemd', 'system'],
  ['lib', 'systemd', 'system'],
] as const;

/**
 * The units that links enable or mask in one of two trees and not in the other, by name. Unit files are not read: a
 * unit that comes or goes without a link is a change of files alone.
 */
export function serviceChanges(before: TreeNode, after: TreeNode): ServiceChange[] {
  const [older, newer] = [linkedUnits(before), linkedUnits(after)];
  return [...new Set([...older.keys(), ...newer.keys()])]
    .sort(byCodeUnits)
    .map((unit) => ({
      unit,
      before: older.get(unit) ?? unlinkedState(before, unit),
      after: newer.get(unit) ?? unlinkedState(after, unit),
    }))
    .filter((change) => change.before !== change.after);
}

/** Units that links enable or mask; what is masked stays so whatever else points to it. */
function linkedUnits(root: TreeNode): Map<string, 'enabled' | 'masked'> {
  const enabled = new Set<string>();
  const masked = new Set<string>();
  for (const [name, { entry, children }] of nodeAt(root, linkFolder)?.children ?? []) {
    if (/\.(?:wants|requires|upholds)$/.test(name)) {
      for (const [unit, link] of children ?? []) {
        if (link.entry?.type === 'symlink' && isUnit(unit)) enabled.add(unit);
      }
    }
    if (!isUnit(name)) continue;
    if (entry?.type === 'symlink') {
      // Another name that [Install] of a unit gives it (Alias=), such as sshd.service of ssh.service.
      const unit = entry.target?.split('/').at(-1) ?? '';
      if (entry.target === '/dev/null') masked.add(name);
      else if (isUnit(unit) && unit !== name) enabled.add(unit);
    } else if (entry?.type === 'file' && entry.size === 0) masked.add(name);
  }
  const states = new Map<string, 'enabled' | 'masked'>();
  for (const unit of enabled) states.set(unit, 'enabled');
  for (const unit of masked) states.set(unit, 'masked');
  return states;
}

function isUnit(name: string): boolean {
  return unitName(name) === name;
}

function unlinkedState(root: TreeNode, unit: string): 'disabled' | 'absent' {
  // getty@tty2.service is made of getty@.service.
  const template = unit.replace(/@[^.]*\./, '@.');
  const isThere = (name: string) => unitFolders.some((folder) => nodeAt(root, [...folder, name]) !== undefined);
  return isThere(unit) || isThere(template) ? 'disabled' : 'absent';
}
