import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns, readFile } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';
import { systemdSettings } from './settings.ts';

/** The servers that chrony or systemd-timesyncd is told by name; a pool counts. */
export function timeServers(tree: InspectedTree, program: 'chrony' | 'systemd-timesyncd'): Placed[] {
  if (program === 'systemd-timesyncd') {
    const settings = systemdSettings(tree, 'timesyncd.conf', 'Time');
    return ['NTP', 'FallbackNTP'].flatMap((name) => settings.get(name) ?? []);
  }
  const files = [
    readFile(tree, 'etc/chrony/chrony.conf'),
    ...dropIns(tree, ['etc/chrony/conf.d'], '.conf'),
    ...dropIns(tree, ['etc/chrony/sources.d'], '.sources'),
  ];
  return files.flatMap((file) =>
    file === undefined
      ? []
      : linesOf(file.path, file.text, /^[#!;%]/).flatMap(({ text, place }) =>
          /^(?:server|pool|peer)\s+\S/i.test(text) ? [{ value: text, place }] : [],
        ),
  );
}
