import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns } from './drop-ins.ts';
import { linesOf, type Placed } from './place.ts';

const folders = ['etc/sysctl.d', 'usr/local/lib/sysctl.d', 'usr/lib/sysctl.d'];

/**
 * Kernel parameters as systemd-sysctl sets them at boot (sysctl.d(5)): files by their names, of one parameter the last
 * value; a name without wildcards goes before one with them, whatever their order, and `-name` alone takes it out of these.
 */
export class KernelParameters {
  readonly #exact = new Map<string, Placed>();
  readonly #patterns: { readonly form: RegExp; readonly setting: Placed }[] = [];
  readonly #excluded: RegExp[] = [];

  constructor(tree: InspectedTree) {
    for (const { path, text } of dropIns(tree, folders, '.conf')) {
      for (const line of linesOf(path, text, /^[#;]/)) this.#take(line.text, line.place);
    }
  }

  /** The value that a parameter is set to; undefined where no file sets it. @param name with dots */
  value(name: string): Placed | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined || this.#excluded.some((form) => form.test(name))) return exact;
    return this.#patterns.findLast(({ form }) => form.test(name))?.setting;
  }

  #take(line: string, place: string): void {
    const at = line.indexOf('=');
    const given = (at < 0 ? line : line.slice(0, at)).trim();
    // A `-` before the name has errors ignored.
    const name = withDots(given.replace(/^-\s*/, ''));
    const pattern = /[*?[]/.test(name);
    if (at < 0) {
      if (given.startsWith('-')) this.#excluded.push(formOf(name));
      return;
    }
    const setting = { value: line.slice(at + 1).trim(), place };
    if (pattern) this.#patterns.push({ form: formOf(name), setting });
    else this.#exact.set(name, setting);
  }
}

/** The separator that stands first separates; the other one stands for itself, as in the name of an interface. */
function withDots(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first === '/' ? name.replace(/[./]/g, (each) => (each === '/' ? '.' : '/')) : name;
}

/** A name with `*`, `?` and `[…]`, of which none matches a separator (glob(7) with FNM_PATHNAME). */
function formOf(name: string): RegExp {
  const parts = name.match(/\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '[^.]*';
    if (part === '?') return '[^.]';
    if (/^\[!?[^\]]+\]$/.test(part))
      return `[${part
        .slice(1, -1)
        .replace(/^!/, '^')
        .replace(/[\\\]^]/g, (c, at) => (at === 0 && c === '^' ? '^' : `\\${c}`))}]`;
    return part.replace(/[\\^$.|+()[\]{}*?]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`);
}
