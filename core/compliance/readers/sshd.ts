import { byCodeUnits } from '../../text.ts';
import type { InspectedTree } from '../inspected-tree.ts';
import { type Placed, placeOf } from './place.ts';

/** As sshd counts them (servconf.c, SERVCONF_MAX_DEPTH): an Include in more files than that is an error there. */
const deepestInclude = 16;

/** Files of the image’s that one reading takes: a folder of Include holds a handful. */
const mostFiles = 200;

/** What sshd is told. */
export interface SshdSettings {
  /**
   * The value that holds for every connection that no other Match is about, by keyword in lower case: of each the first
   * in a `Match all`, which holds in place of what stands before it, else the first outside of all blocks.
   */
  readonly global: ReadonlyMap<string, Placed>;
  /** Values inside of other Match blocks, which hold in place of these where the block matches. */
  readonly matched: readonly (Placed & { readonly keyword: string; readonly match: string })[];
}

/**
 * Reads the configuration of the image’s SSH server as sshd does (sshd_config(5)): options of its unit’s command line
 * first, then `/etc/ssh/sshd_config`, each Include where it stands, of a keyword the first value. A Match ends with the
 * next one, and with its file. Old names of a keyword are told as its own.
 */
export function readSshd(tree: InspectedTree): SshdSettings {
  const reading = new Reading(tree);
  reading.commandLine('etc/default/ssh');
  reading.file('etc/ssh/sshd_config', undefined, 0);
  return { global: new Map([...reading.outside, ...reading.forAll]), matched: reading.matched };
}

/** Other names that sshd takes for a keyword (servconf.c, `keywords`). */
const aliases: ReadonlyMap<string, string> = new Map([
  ['challengeresponseauthentication', 'kbdinteractiveauthentication'],
  ['skeyauthentication', 'kbdinteractiveauthentication'],
]);

/** What a `Match all` that stands in no other Match is about. */
const everybody = Symbol('everybody');
type Block = string | typeof everybody | undefined;

class Reading {
  /** Values outside of all Match blocks. */
  readonly outside = new Map<string, Placed>();
  /** Values for everybody that stand in a Match, and so hold in place of those outside. */
  readonly forAll = new Map<string, Placed>();
  readonly matched: (Placed & { keyword: string; match: string })[] = [];
  readonly #tree: InspectedTree;
  #files = 0;

  constructor(tree: InspectedTree) {
    this.#tree = tree;
  }

  /** Debian’s unit gives sshd the words of SSHD_OPTS. */
  commandLine(path: string): void {
    for (const [index, line] of (this.#tree.text(path) ?? '').split('\n').entries()) {
      const options = /^\s*SSHD_OPTS=(.*)$/.exec(line)?.[1];
      for (const [, option] of options?.matchAll(/-o\s*["']?([A-Za-z0-9]+[\s=][^"'\s]+)/g) ?? []) {
        this.#take(wordsOf(option ?? ''), placeOf(path, index + 1), undefined);
      }
    }
  }

  file(path: string, match: Block, depth: number): void {
    const found = this.#tree.find(path);
    const text = this.#tree.text(path);
    if (found === undefined || text === undefined || depth > deepestInclude || this.#files >= mostFiles) return;
    this.#files += 1;
    let block: Block = match;
    for (const [index, line] of text.split('\n').entries()) {
      const words = wordsOf(line);
      const [keyword = '', ...rest] = words;
      const name = keyword.toLowerCase();
      if (name === 'match')
        block = rest.join(' ').toLowerCase() !== 'all' ? rest.join(' ') : typeof match === 'string' ? match : everybody;
      else if (name === 'include')
        for (const file of rest.flatMap((word) => this.#matching(word))) this.file(file, block, depth + 1);
      else this.#take(words, placeOf(found.path, index + 1), block);
    }
  }

  #take([keyword = '', ...rest]: readonly string[], place: string, match: Block): void {
    if (keyword === '') return;
    const written = keyword.toLowerCase();
    const name = aliases.get(written) ?? written;
    const value = rest.join(' ');
    if (typeof match === 'string') {
      // Of the blocks that match a connection the first counts, so that after one for everybody no other does.
      if (!this.forAll.has(name)) this.matched.push({ keyword: name, value, place, match });
      return;
    }
    const values = match === everybody ? this.forAll : this.outside;
    if (!values.has(name)) values.set(name, { value, place });
  }

  /** The files that an Include’s pattern names; what is not absolute lies below /etc/ssh. */
  #matching(pattern: string): string[] {
    const path = (pattern.startsWith('/') ? pattern : `/etc/ssh/${pattern}`).slice(1);
    const at = path.lastIndexOf('/');
    const [folder, name] = [path.slice(0, at), path.slice(at + 1)];
    if (!/[*?]/.test(name)) return [path];
    // By glob(7), `*` and `?` match no dot at the beginning.
    const form = new RegExp(`^${[...name].map(asPattern).join('')}$`);
    return this.#tree
      .names(folder)
      .filter((each) => form.test(each) && (name.startsWith('.') || !each.startsWith('.')))
      .sort(byCodeUnits)
      .map((each) => `${folder}/${each}`);
  }
}

const asPattern = (character: string): string =>
  character === '*' ? '[^/]*' : character === '?' ? '[^/]' : character.replace(/[\\^$.|+()[\]{}]/, '\\$&');

/**
 * The words of a line, as sshd separates them (misc.c, argv_split): quotes of either kind keep white space, also within
 * a word, a backslash stands before quotes, white space and itself, and `#` begins a comment between words.
 */
function wordsOf(line: string): string[] {
  // A keyword may be followed by `=`.
  const [, , keyword, rest = ''] = /^("?)([A-Za-z0-9]+)\1(?![A-Za-z0-9"])\s*=?\s*(.*)$/s.exec(line.trim()) ?? [];
  if (keyword === undefined) return [];
  const words = [keyword];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < rest.length; at += 1) {
    const character = rest[at] ?? '';
    const next = rest[at + 1] ?? '';
    if (quote === '' && (character === ' ' || character === '\t')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === '' && word === undefined && character === '#') break;
    else if (character === '\\' && (/["'\\]/.test(next) || (quote === '' && next === ' '))) {
      word = (word ?? '') + next;
      at += 1;
    } else if (character === quote) quote = '';
    else if (quote === '' && /["']/.test(character)) {
      quote = character;
      word ??= '';
    } else word = (word ?? '') + character;
  }
  return word === undefined ? words : [...words, word];
}
