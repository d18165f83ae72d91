/** A stanza of one of the indexes. */
interface Stanza {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** The stanza of the same name before: another version, or another suite's. */
  readonly before: Stanza | undefined;
}

/** Packages that apt treats as essential though no stanza says so (pkgCacheGen::ForceEssential, and dpkg itself). */
const alwaysEssential = ['apt', 'dpkg'];
/** A name of a package or of a virtual one, in a relationship field (deb-control(5)). */
const relatedName = /(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)/gi;

/** Positions right behind each occurrence of a text. */
function* occurrences(text: string, wanted: string): Generator<number> {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    yield at + wanted.length;
  }
}

/** Value of a field of a stanza, with its continuation lines; empty where it is absent. */
function fieldOf(stanza: string, field: string): string {
  const begin = stanza.startsWith(`${field}:`) ? 0 : stanza.indexOf(`\n${field}:`) + 1;
  if (begin === 0 && !stanza.startsWith(`${field}:`)) return '';
  let end = stanza.indexOf('\n', begin);
  while (end >= 0 && (stanza[end + 1] === ' ' || stanza[end + 1] === '\t')) end = stanza.indexOf('\n', end + 1);
  return stanza.slice(begin + field.length + 1, end < 0 ? undefined : end).trim();
}

function relatedNames(value: string): string[] {
  return [...value.matchAll(relatedName)].map((match) => match[1] ?? '');
}

/**
 * The packages of an archive's suites. Debian's main has 63,000, of which an image needs a few hundred; apt goes over
 * all of them several times a run, two seconds each. `closure` finds those that apt can come to look at, so that it
 * may be shown these alone.
 */
export class PackageIndex {
  readonly #texts: readonly string[];
  readonly #stanzas = new Map<string, Stanza>();
  /** Virtual package to the names of those that provide it. */
  readonly #providers = new Map<string, string[]>();
  readonly #base = new Set<string>(alwaysEssential);

  /** @param texts the indexes, read as Latin-1: a position is a byte, and what is selected has the same bytes */
  constructor(texts: readonly string[]) {
    this.#texts = texts;
    for (const [index, text] of texts.entries()) this.#scan(index, text);
  }

  /** Names of the packages that every system has: essential ones and those of priority `required`. */
  get base(): ReadonlySet<string> {
    return this.#base;
  }

  /** A package has this name, or provides it. */
  knows(name: string): boolean {
    return this.#stanzas.has(name) || this.#providers.has(name);
  }

  /** Versions of the packages of this very name, each with the number of the index that has it. */
  versions(name: string): { readonly version: string; readonly index: number }[] {
    return [...this.#stanzasOf(name)].map((stanza) => ({
      version: fieldOf(this.#text(stanza), 'Version'),
      index: stanza.index,
    }));
  }

  /** The package of this very name whose file has this digest. */
  file(
    name: string,
    sha256: string,
  ): { index: number; version: string; architecture: string; path: string; priority: string } | undefined {
    for (const stanza of this.#stanzasOf(name)) {
      const text = this.#text(stanza);
      if (fieldOf(text, 'SHA256') !== sha256) continue;
      return {
        index: stanza.index,
        version: fieldOf(text, 'Version'),
        architecture: fieldOf(text, 'Architecture'),
        path: fieldOf(text, 'Filename').replace(/^\.\//, ''),
        priority: fieldOf(text, 'Priority'),
      };
    }
    return undefined;
  }

  /** Priority that an index gives to the package of this very name; undefined where it has none. */
  priority(name: string, index: number): string | undefined {
    for (const stanza of this.#stanzasOf(name)) {
      if (stanza.index === index) return fieldOf(this.#text(stanza), 'Priority');
    }
    return undefined;
  }

  /**
   * Every package that apt may come to install for the sake of some: whatever they depend on, by any alternative and
   * any provider, and so on.
   * @param status dpkg's status file: what is installed counts too, as it may have to be upgraded
   * @param recommends follow these as well
   */
  closure(names: Iterable<string>, status: string, recommends: boolean): Set<string> {
    const fields = ['Pre-Depends', 'Depends', ...(recommends ? ['Recommends'] : [])];
    const reached = new Set<string>();
    const open: string[] = [];
    const reach = (name: string) => {
      if (reached.has(name)) return;
      reached.add(name);
      open.push(name);
    };
    const follow = (stanza: string) => {
      for (const field of fields) for (const name of relatedNames(fieldOf(stanza, field))) reach(name);
    };
    for (const name of names) reach(name);
    for (const stanza of status.split('\n\n')) {
      const name = fieldOf(stanza, 'Package');
      if (name === '') continue;
      reach(name);
      follow(stanza);
    }
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      for (const stanza of this.#stanzasOf(name)) follow(this.#text(stanza));
      for (const provider of this.#providers.get(name) ?? []) reach(provider);
    }
    return reached;
  }

  /** The stanzas of one index, in its order, of the packages of these names. */
  select(index: number, names: ReadonlySet<string>): string {
    const chosen: Stanza[] = [];
    for (const name of names) {
      for (const stanza of this.#stanzasOf(name)) if (stanza.index === index) chosen.push(stanza);
    }
    return chosen
      .sort((a, b) => a.start - b.start)
      .map((stanza) => `${this.#text(stanza)}\n\n`)
      .join('');
  }

  #text({ index, start, end }: Stanza): string {
    return (this.#texts[index] ?? '').slice(start, end);
  }

  *#stanzasOf(name: string): Generator<Stanza> {
    for (let stanza = this.#stanzas.get(name); stanza !== undefined; stanza = stanza.before) yield stanza;
  }

  #scan(index: number, text: string): void {
    // Positions of the rarer fields ascend as the stanzas do: each is walked once.
    const marks = (['\nProvides:', '\nEssential: yes', '\nPriority: required'] as const).map((field) => {
      const places = occurrences(text, field);
      return { field, places, next: places.next() };
    });
    for (let start = 0; start < text.length; ) {
      const found = text.indexOf('\n\n', start);
      const end = found < 0 ? text.trimEnd().length : found;
      const head = text.startsWith('Package: ', start) ? start : text.indexOf('\nPackage: ', start) + 1;
      if (head >= start && head < end && text.startsWith('Package: ', head)) {
        const lineEnd = text.indexOf('\n', head);
        const name = text.slice(head + 'Package: '.length, lineEnd < 0 ? end : Math.min(lineEnd, end)).trim();
        this.#stanzas.set(name, { index, start, end, before: this.#stanzas.get(name) });
        for (const mark of marks) {
          for (; mark.next.done !== true && mark.next.value <= end; mark.next = mark.places.next()) {
            if (mark.field === '\nProvides:') this.#provides(name, text.slice(start, end));
            else this.#base.add(name);
          }
        }
      }
      start = found < 0 ? text.length : found + 2;
    }
  }

  #provides(name: string, stanza: string): void {
    for (const provided of relatedNames(fieldOf(stanza, 'Provides'))) {
      const known = this.#providers.get(provided);
      if (known === undefined) this.#providers.set(provided, [name]);
      else if (!known.includes(name)) known.push(name);
    }
  }
}
