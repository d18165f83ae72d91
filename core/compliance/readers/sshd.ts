import { byCodeUnits } from '../../text.ts';
import type { InspectedTree } from '../inspected-tree.ts';
import { type Placed, placeOf } from './place.ts';

/** As sshd counts them (servconf.c, SERVCONF_MAX_DEPTH): an Include in more files than that is an error there. */
const deepestInclude = 16;

/** Files of the image’s that one reading takes: a folder of Include holds a handful. */
const mostFiles = 200;

/** What sshd is told. */
export interface SshdSettings {
  /** The value that holds for every connection, by keyword in lower case: of each the first that stands. */
  readonly global: ReadonlyMap<string, Placed>;
  /** Values inside of Match blocks, which hold in place of these where the block matches. */
  readonly matched: readonly (Placed & { readonly keyword: string; readonly match: string })[];
}

/**
 * Reads the configuration of the image’s SSH server as sshd does (sshd_config(5)): options of its unit’s command line
 * first, then `/etc/ssh/sshd_config`, each Include where it stands, of a keyword the first value. A Match ends with the
 * next one, and with its file.
 */
export function readSshd(tree: InspectedTree): SshdSettings {
  const reading = new Reading(tree);
  reading.commandLine('etc/default/ssh');
  reading.file('etc/ssh/sshd_config', undefined, 0);
  return { global: reading.global, matched: reading.matched };
}

class Reading {
  readonly global = new Map<string, Placed>();
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

  file(path: string, match: string | undefined, depth: number): void {
    const found = this.#tree.find(path);
    const text = this.#tree.text(path);
    if (found === undefined || text === undefined || depth > deepestInclude || this.#files >= mostFiles) return;
    this.#files += 1;
    let block = match;
    for (const [index, line] of text.split('\n').entries()) {
      const words = wordsOf(line);
      const [keyword = '', ...rest] = words;
      const name = keyword.toLowerCase();
      if (name === 'match')
        block = rest.join(' ').toLowerCase() === 'all' && match === undefined ? undefined : rest.join(' ');
      else if (name === 'include')
        for (const file of rest.flatMap((word) => this.#matching(word))) this.file(file, block, depth + 1);
      else this.#take(words, placeOf(found.path, index + 1), block);
    }
  }

  #take([keyword = '', ...rest]: readonly string[], place: string, match: string | undefined): void {
    if (keyword === '') return;
    const name = keyword.toLowerCase();
    const value = rest.join(' ');
    if (match !== undefined) this.matched.push({ keyword: name, value, place, match });
    else if (!this.global.has(name)) this.global.set(name, { value, place });
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

/** The words of a line, as sshd separates them: quotes keep white space, `#` begins a comment between words. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  // A keyword may be followed by `=`.
  const text = line.trim().replace(/^([A-Za-z0-9]+)\s*=\s*/, '$1 ');
  for (const [, quoted, plain] of text.matchAll(/"([^"]*)"|(\S+)/g)) {
    if (plain?.startsWith('#') === true) break;
    words.push(quoted ?? plain ?? '');
  }
  return words;
}
