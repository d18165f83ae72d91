import type { Random } from '../../bench/simulation/random.ts';

/** Values of one name that are kept, the newest. */
const mostOfOne = 24;

/**
 * What the engine answered, to be given back to it: ids of things that are there, names, cursors. Requests reach past
 * the first check by it.
 */
export class Pool {
  readonly #texts = new Map<string, string[]>();
  readonly #numbers = new Map<string, number[]>();
  readonly #kept: ReadonlySet<string>;

  /** @param kept values that no request may name: the caller's own key and member */
  constructor(kept: Iterable<string>) {
    this.#kept = new Set(kept);
  }

  /**
   * Takes in an answer: each text and number by the name of its member, each id by its kind too.
   * @param resource the word of the path that it was found under: `builds`; its ids are those of the resource
   */
  learn(value: unknown, resource = '', name = ''): void {
    if (typeof value === 'string') {
      this.#add(this.#texts, name, value);
      this.#add(this.#texts, `${resource}/${name}`, value);
    } else if (typeof value === 'number') {
      this.#add(this.#numbers, name, value);
      this.#add(this.#numbers, `${resource}/${name}`, value);
    } else if (Array.isArray(value)) {
      for (const item of value.slice(0, 20)) this.learn(item, resource, name);
    } else if (typeof value === 'object' && value !== null) {
      for (const [member, content] of Object.entries(value)) this.learn(content, resource, member);
    }
  }

  /** What a parameter of a path may stand for: something that was seen under the word before it. */
  ofResource(resource: string, name: string, random: Random): string | undefined {
    const found = [`${resource}/${name}`, `${resource}/id`].flatMap((place) => [
      ...(this.#texts.get(place) ?? []),
      ...(this.#numbers.get(place) ?? []).map(String),
    ]);
    return found[random.integer(0, Math.max(0, found.length - 1))];
  }

  /** A text that was seen under a name, or an id of a kind that fits; undefined where there is none. */
  textNamed(name: string, fits: (text: string) => boolean, random: Random): string | undefined {
    const named = (this.#texts.get(name) ?? []).filter(fits);
    const found = named.length > 0 ? named : this.#ids().filter(fits);
    return found[random.integer(0, Math.max(0, found.length - 1))];
  }

  numberNamed(name: string, random: Random): number | undefined {
    const found = this.#numbers.get(name) ?? [];
    return found[random.integer(0, Math.max(0, found.length - 1))];
  }

  /** Ids and digests of every kind. */
  #ids(): string[] {
    return [...this.#texts].flatMap(([name, texts]) => (name.startsWith('*') ? texts : []));
  }

  #add<T extends string | number>(to: Map<string, T[]>, name: string, value: T): void {
    if (typeof value === 'string' && (value.length > 2_000 || [...this.#kept].some((one) => value.includes(one))))
      return;
    this.#push(to, name, value, mostOfOne);
    const kind = /^(?:([a-z]{3,4})_[0-9A-Z]{26}|[0-9a-f]{64})$/.exec(String(value));
    if (kind !== null) this.#push(to, `*${kind[1] ?? 'digest'}`, value, mostOfOne);
  }

  #push<T>(to: Map<string, T[]>, name: string, value: T, most: number): void {
    const known = to.get(name) ?? [];
    if (known.includes(value)) return;
    known.push(value);
    if (known.length > most) known.shift();
    to.set(name, known);
  }
}
