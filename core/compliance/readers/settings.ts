import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns, type ReadFile, readFile } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';

export type Settings = ReadonlyMap<string, Placed>;

/** Settings of a file of `KEY value` lines, as login.defs(5): of a key that stands twice the last one counts. */
export function spacedSettings(file: ReadFile | undefined): Settings {
  const found = new Map<string, Placed>();
  if (file === undefined) return found;
  for (const { text, place } of linesOf(file.path, file.text)) {
    const [key = '', ...value] = text.split(/\s+/);
    found.set(key, { value: value.join(' ').replace(/^"(.*)"$/, '$1'), place });
  }
  return found;
}

/**
 * Settings of files of `key = value` lines, as pwquality.conf(5) and faillock.conf(5); a key alone is a flag. Files are
 * given in the order in which they are read: the last one counts.
 */
export function equalSettings(files: readonly (ReadFile | undefined)[]): Settings {
  const found = new Map<string, Placed>();
  for (const file of files) {
    if (file === undefined) continue;
    for (const { text, place } of linesOf(file.path, file.text)) {
      const at = text.indexOf('=');
      const key = (at < 0 ? text : text.slice(0, at)).trim();
      found.set(key, { value: at < 0 ? '' : text.slice(at + 1).trim(), place });
    }
  }
  return found;
}

/** The folders of drop-ins of a systemd program’s file, the first first (systemd.unit(5)). */
const systemdFolders = ['etc/systemd', 'usr/local/lib/systemd', 'usr/lib/systemd'];

/**
 * Settings of one section of a systemd program’s file and its drop-ins, such as journald.conf(5): the file first, then
 * the drop-ins by their names, and the last value counts; an empty one takes a setting back.
 */
export function systemdSettings(tree: InspectedTree, name: string, section: string): Settings {
  const files = [
    readFile(tree, `etc/systemd/${name}`),
    ...dropIns(
      tree,
      systemdFolders.map((folder) => `${folder}/${name}.d`),
      '.conf',
    ),
  ];
  return sectionSettings(files, section);
}

/** Settings of one `[Section]` of files as systemd.syntax(7) has them. */
export function sectionSettings(files: readonly (ReadFile | undefined)[], section: string): Settings {
  const found = new Map<string, Placed>();
  for (const file of files) {
    if (file === undefined) continue;
    let current = '';
    for (const { text, place } of linesOf(file.path, file.text, /^[#;]/)) {
      const header = /^\[([^\]]+)\]$/.exec(text);
      if (header !== null) {
        current = header[1] ?? '';
        continue;
      }
      const at = text.indexOf('=');
      if (current !== section || at < 0) continue;
      const [key, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      if (value === '') found.delete(key);
      else found.set(key, { value, place });
    }
  }
  return found;
}
