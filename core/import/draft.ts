import type { FieldPath } from '../spec/field-path.ts';
import { type Foreign, leavesOf } from './foreign.ts';

/** What became of a value: it stands in the spec as it was, in another form, or not at all. */
export type Fate = 'taken' | 'changed' | 'dropped';

/** An entry of a list of the spec; its number is known when all of them are. */
export class DraftItem {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}

/** A place in a spec that is being made. */
export type DraftPath = readonly (string | DraftItem)[];

/** A value of the spec. */
export interface DraftEntry {
  readonly at: DraftPath;
  readonly value: unknown;
  /** The spec is none without it. */
  readonly needed: boolean;
  /** Why it is left out. */
  refused?: string;
}

/** What is said of a value of the document. */
export interface Statement {
  readonly fate: Fate;
  readonly note: string;
  readonly entry?: DraftEntry;
}

/** How what is put is told. */
export interface Told {
  readonly fate?: Fate;
  readonly note?: string;
}

const keyOf = (at: DraftPath): string => JSON.stringify(at.map((part) => (typeof part === 'string' ? part : part.id)));

/** The place of a value in the document, as a key. */
export const leafKey = (path: FieldPath): string => JSON.stringify(path);

/**
 * A spec in the making, and what has been said of each value of the document. Each value of the spec knows the values of
 * the document that it comes from: so what the checks of a spec refuse can be told as the fate of these.
 */
export class Draft {
  readonly entries: DraftEntry[] = [];
  /** What the spec needs and the document does not say, each with the reason. */
  readonly assumptions = new Map<DraftEntry, string>();
  readonly statements = new Map<string, Statement[]>();
  readonly #items = new Map<string, DraftItem>();
  readonly #places = new Map<string, DraftEntry>();
  readonly #added = new Map<string, DraftEntry>();
  readonly #names = new Set<string>();
  #lastItem = 0;

  /** A new entry of a list. */
  item(): DraftItem {
    this.#lastItem += 1;
    return new DraftItem(this.#lastItem);
  }

  /** The entry of a list that is known by a name. */
  named(list: DraftPath, name: string): DraftItem {
    const key = `${keyOf(list)} ${name}`;
    const item = this.#items.get(key) ?? this.item();
    this.#items.set(key, item);
    return item;
  }

  /** Says what became of a value, or of all that is in it. */
  say(node: Foreign, fate: Fate, note: string, entry?: DraftEntry): void {
    // What the document says is no assumption, even where it would have been assumed.
    if (entry !== undefined) this.assumptions.delete(entry);
    for (const { path } of leavesOf(node)) {
      const key = leafKey(path);
      const said = this.statements.get(key) ?? [];
      said.push({ fate, note, ...(entry && { entry }) });
      this.statements.set(key, said);
    }
  }

  /** The value at a place, where there is one. */
  find(at: DraftPath): DraftEntry | undefined {
    return this.#places.get(keyOf(at));
  }

  /** Puts a value that comes from one or more of the document. What stood there before gives way to another value. */
  put(at: DraftPath, value: unknown, from: Foreign | readonly Foreign[], told: Told = {}): DraftEntry {
    const entry = this.#enter(at, value, false);
    for (const node of Array.isArray(from) ? from : [from]) {
      this.say(node, told.fate ?? 'taken', told.note ?? '', entry);
    }
    return entry;
  }

  /** Adds a value to a list, once. */
  add(list: DraftPath, value: unknown, from: Foreign | readonly Foreign[], told: Told = {}): DraftEntry {
    const key = `${keyOf(list)} ${JSON.stringify(value)}`;
    const entry = this.put(this.#added.get(key)?.at ?? [...list, this.item()], value, from, told);
    this.#added.set(key, entry);
    return entry;
  }

  /** Whether a list has a value. */
  has(list: DraftPath, value: unknown): boolean {
    return this.#added.has(`${keyOf(list)} ${JSON.stringify(value)}`);
  }

  /** A name that nothing of the kind has yet: NAME, or else NAME-2 and so on. */
  freeName(kind: string, wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#names.has(`${kind} ${name}`); number += 1) name = `${wanted}-${number}`;
    this.#names.add(`${kind} ${name}`);
    return name;
  }

  /** Adds a value to a list that nothing in the document says in so many words. */
  addAssumed(list: DraftPath, value: unknown, note: string): void {
    if (this.has(list, value)) return;
    const entry = this.#enter([...list, this.item()], value, false);
    this.#added.set(`${keyOf(list)} ${JSON.stringify(value)}`, entry);
    this.assumptions.set(entry, note);
  }

  /** Puts a value that the document does not say, where there is none yet. Without a note it needs no telling. */
  assume(at: DraftPath, value: unknown, note = '', needed = false): void {
    if (this.find(at) !== undefined) return;
    const entry = this.#enter(at, value, needed);
    if (note !== '') this.assumptions.set(entry, note);
  }

  /** Puts a value that the document says and that the spec cannot be without; it must be right. */
  require(at: DraftPath, value: unknown, from: Foreign, told: Told = {}): void {
    const entry = this.#enter(at, value, true);
    this.say(from, told.fate ?? 'taken', told.note ?? '', entry);
  }

  #enter(at: DraftPath, value: unknown, needed: boolean): DraftEntry {
    const key = keyOf(at);
    const present = this.#places.get(key);
    if (present !== undefined && JSON.stringify(present.value) === JSON.stringify(value)) return present;
    if (present !== undefined) present.refused = 'another value of the same field comes later, and is taken';
    const entry: DraftEntry = { at, value, needed };
    // It takes the place of the other, so that lists keep their order.
    if (present === undefined) this.entries.push(entry);
    else this.entries.splice(this.entries.indexOf(present), 1, entry);
    this.#places.set(key, entry);
    return entry;
  }
}

/** The spec as it is now, without what was refused, and the place of each value in it. */
export interface AssembledSpec {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly places: ReadonlyMap<DraftEntry, FieldPath>;
}

/** Puts the values together. */
export function assembleSpec(draft: Draft): AssembledSpec {
  const spec: Record<string, unknown> = {};
  const places = new Map<DraftEntry, FieldPath>();
  const numbers = new Map<DraftItem, number>();
  for (const entry of draft.entries) {
    if (entry.refused !== undefined) continue;
    const path: (string | number)[] = [];
    let holder: object = spec;
    for (const [depth, part] of entry.at.entries()) {
      if (typeof part !== 'string' && !numbers.has(part)) numbers.set(part, Number(Reflect.get(holder, 'length')));
      const key = typeof part === 'string' ? part : (numbers.get(part) ?? 0);
      path.push(key);
      const next = entry.at[depth + 1];
      if (next === undefined) Reflect.set(holder, key, entry.value);
      else {
        const present: unknown = Reflect.get(holder, key);
        const inner: object =
          typeof present === 'object' && present !== null ? present : typeof next === 'string' ? {} : [];
        Reflect.set(holder, key, inner);
        holder = inner;
      }
    }
    places.set(entry, path);
  }
  return { spec, places };
}
