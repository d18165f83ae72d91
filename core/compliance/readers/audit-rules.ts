import { byCodeUnits } from '../../text.ts';
import type { InspectedTree } from '../inspected-tree.ts';
import { linesOf, type Placed } from './place.ts';

/** What the audit system watches. */
export interface AuditRules {
  /** Watched paths with the accesses that are recorded: letters of r, w, x, a. */
  readonly watches: readonly (Placed & { readonly path: string; readonly permissions: string })[];
  /** Recorded system calls, with the processor’s word size where a rule names one. */
  readonly calls: readonly (Placed & { readonly names: readonly string[]; readonly bits: 32 | 64 | undefined })[];
  /** The last `-e`: 2 is unchangeable until the next boot. */
  readonly enabled: Placed | undefined;
}

/**
 * The rules that augenrules(8) loads at boot: the files of `/etc/audit/rules.d` by their names. `-D` deletes those before
 * it; that augenrules puts it first and `-e` last is minded. Exclusions (`never`) are not taken for rules.
 */
export function readAuditRules(tree: InspectedTree): AuditRules {
  let watches: AuditRules['watches'][number][] = [];
  const calls: AuditRules['calls'][number][] = [];
  let enabled: Placed | undefined;
  const folder = 'etc/audit/rules.d';
  for (const name of [...tree.names(folder)].filter((each) => each.endsWith('.rules')).sort(byCodeUnits)) {
    const path = `${folder}/${name}`;
    for (const { text, place } of linesOf(path, tree.text(path) ?? '')) {
      const words = text.split(/\s+/);
      if (words[0] === '-e') enabled = { value: words[1] ?? '', place };
      else if (words[0] === '-w') {
        const permissions = after(words, '-p')[0] ?? 'rwxa';
        watches.push({ path: plain(words[1] ?? ''), permissions, value: text, place });
      } else if (words[0] === '-W') {
        watches = watches.filter((watch) => watch.path !== plain(words[1] ?? ''));
      } else if (words[0] === '-a' || words[0] === '-A') {
        if (!/^(?:always,exit|exit,always)$/.test(words[1] ?? '')) continue;
        const fields = after(words, '-F');
        const at = fields.flatMap((field) => /^(?:path|dir)=(.+)$/.exec(field)?.[1] ?? []);
        const permissions = fields.flatMap((field) => /^perm=(.+)$/.exec(field)?.[1] ?? [])[0] ?? 'rwxa';
        const names = after(words, '-S').flatMap((list) => list.split(','));
        for (const each of at) watches.push({ path: plain(each), permissions, value: text, place });
        const arch = fields.flatMap((field) => /^arch=(b32|b64)$/.exec(field)?.[1] ?? [])[0];
        const bits = arch === undefined ? undefined : arch === 'b32' ? 32 : 64;
        if (names.length > 0) calls.push({ names, bits, value: text, place });
      }
    }
  }
  return { watches, calls, enabled };
}

/** A watched folder may end with a slash. */
const plain = (path: string): string => (path.length > 1 ? path.replace(/\/$/, '') : path);

/** The words after each `option`. */
function after(words: readonly string[], option: string): string[] {
  return words.flatMap((word, index) => (words[index - 1] === option ? [word] : []));
}
