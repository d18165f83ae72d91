import type { LayerEntry } from '../builds/layer-index.ts';
import type { Inspection } from '../plan/programs/inspection.ts';
import { byCodeUnits } from '../text.ts';

/** Links on the way to a path, as Linux follows them (MAXSYMLINKS of path_resolution(7)). */
const mostLinks = 40;

/** What lies at a path, after links. */
export interface Found {
  /** Where it really lies, relative to the root. */
  readonly path: string;
  readonly entry: LayerEntry;
}

/**
 * The inspected part of an image’s tree. Paths are relative to the root, and links lead where they would lead in the
 * image itself, never out of it.
 */
export class InspectedTree {
  readonly #entries: ReadonlyMap<string, LayerEntry>;
  readonly #names = new Map<string, string[]>();
  readonly #texts: ReadonlyMap<string, string>;

  constructor({ entries, texts }: Pick<Inspection, 'entries' | 'texts'>) {
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
    this.#texts = new Map(Object.entries(texts));
    for (const { path } of entries) {
      const at = path.lastIndexOf('/');
      const folder = path.slice(0, Math.max(0, at));
      const names = this.#names.get(folder);
      if (names === undefined) this.#names.set(folder, [path.slice(at + 1)]);
      else names.push(path.slice(at + 1));
    }
  }

  /** What lies at a path; links on the way are followed, the last name is not. */
  lookAt(path: string): Found | undefined {
    return this.#walk(path, false);
  }

  /** What lies at a path, links followed; undefined where there is nothing, or where links go round in a circle. */
  find(path: string): Found | undefined {
    return this.#walk(path, true);
  }

  /** The text of a file, links followed; undefined where there is none, or it is not among what was read. */
  text(path: string): string | undefined {
    const found = this.find(path);
    return found === undefined ? undefined : this.#texts.get(found.path);
  }

  /** Whether something is a mask in the words of systemd and its like: a link to /dev/null, or an empty file. */
  isMask(path: string): boolean {
    const found = this.lookAt(path);
    if (found === undefined) return false;
    const { type, target, size } = found.entry;
    return (type === 'symlink' && target === '/dev/null') || (type === 'file' && size === 0);
  }

  /** Names in a folder, links to it followed, sorted. */
  names(folder: string): readonly string[] {
    const found = this.find(folder);
    return [...(this.#names.get(found?.path ?? folder) ?? [])].sort(byCodeUnits);
  }

  #walk(path: string, last: boolean): Found | undefined {
    let rest = path.split('/').filter((name) => name !== '' && name !== '.');
    const at: string[] = [];
    for (let links = 0; ; ) {
      const name = rest.shift();
      if (name === undefined) {
        const entry = this.#entries.get(at.join('/'));
        return entry === undefined ? undefined : { path: at.join('/'), entry };
      }
      if (name === '..') {
        at.pop();
        continue;
      }
      at.push(name);
      const entry = this.#entries.get(at.join('/'));
      // A folder above those that are inspected is in no list, and is taken for one.
      if (entry?.type !== 'symlink' || (rest.length === 0 && !last)) continue;
      links += 1;
      if (links > mostLinks) return undefined;
      const target = entry.target ?? '';
      at.pop();
      if (target.startsWith('/')) at.length = 0;
      rest = [...target.split('/').filter((part) => part !== '' && part !== '.'), ...rest];
    }
  }
}
