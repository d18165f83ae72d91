import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { StepError } from '../step-error.ts';
import { LayerError } from './layer-error.ts';
import { type BytePath, compareBytes, parentOf, textToBytes } from './path-text.ts';
import { deviceAllowed, removeFromIndex, sameEntry, type TreeIndex } from './tree-index.ts';

/**
 * The indexes of layers, merged one over the other. Layers come from branches of a plan: two of which neither was
 * built on the other must agree wherever both say something. And they may be hostile: each path must stand in a folder
 * that is a real folder at that point, so that nothing can be written through a symlink.
 */
export class LayerMerge {
  readonly index: TreeIndex;
  /** The steps whose layers said something of a path, deletions included. */
  readonly #touchedBy: Map<BytePath, readonly string[]>;

  /** @param below is copied: this merge goes on where that one is now */
  constructor(below?: LayerMerge) {
    this.index = new Map(below?.index);
    this.#touchedBy = new Map(below === undefined ? [] : below.#touchedBy);
  }

  /**
   * Puts a layer's entries over what is there.
   * @returns the paths that must go from the tree before the layer is unpacked over it
   * @throws LayerError where it is no layer over these; StepError layer.conflict where a branch disagrees
   */
  add(step: string, after: readonly string[], entries: readonly LayerEntry[]): BytePath[] {
    const base = new Set([...after, step]);
    const paths = entries.map((entry) => textToBytes(entry.path));
    checkNames(step, entries, paths);
    const gone: BytePath[] = [];
    for (const [at, entry] of entries.entries()) {
      const path = paths[at] ?? '';
      if (entry.type !== 'whiteout') continue;
      if (!this.index.has(path) && !this.#removedByOther(path, base)) {
        throw new LayerError(step, `${entry.path} is deleted and never was there`);
      }
      this.#remove(step, path, entry.path, base);
      gone.push(path);
    }
    const own = [step];
    for (const [at, entry] of entries.entries()) {
      const path = paths[at] ?? '';
      if (entry.type !== 'whiteout') {
        const below = this.index.get(path);
        this.#check(step, path, entry, base);
        if (below !== undefined && (below.type === 'directory') !== (entry.type === 'directory')) {
          this.#remove(step, path, entry.path, base);
          gone.push(path);
        }
        this.index.set(path, entry);
      }
      const before = this.#touchedBy.get(path);
      this.#touchedBy.set(path, before === undefined ? own : [...before, step]);
    }
    return gone;
  }

  /** A step that said something of this path and on which the layer was not built. */
  #othersOf(path: BytePath, base: ReadonlySet<string>): string | undefined {
    return this.#touchedBy.get(path)?.find((other) => !base.has(other));
  }

  #removedByOther(path: BytePath, base: ReadonlySet<string>): boolean {
    for (let at = path; at !== ''; at = parentOf(at)) if (this.#othersOf(at, base) !== undefined) return true;
    return false;
  }

  #inFolder(path: BytePath): boolean {
    return parentOf(path) === '' || this.index.get(parentOf(path))?.type === 'directory';
  }

  #check(step: string, path: BytePath, entry: LayerEntry, base: ReadonlySet<string>): void {
    if (!this.#inFolder(path)) {
      for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) {
        const other = this.#othersOf(folder, base);
        if (other !== undefined) throw conflict(step, other, entry.path);
      }
      throw new LayerError(step, `${entry.path} stands in no folder`);
    }
    if (!deviceAllowed(entry)) throw new LayerError(step, `${entry.path} is a device node that no image may hold`);
    const other = this.#othersOf(path, base);
    const below = this.index.get(path);
    if (other !== undefined && (below === undefined || !sameEntry(below, entry))) {
      throw conflict(step, other, entry.path);
    }
    if (entry.type !== 'hardlink') return;
    const target = textToBytes(entry.target ?? '');
    const linked = this.index.get(target);
    if (linked === undefined || linked.type === 'directory' || !this.#inFolder(target)) {
      throw new LayerError(step, `${entry.path} is a link to no file`);
    }
  }

  /** Takes a path and all below it away, which no other branch may have said anything of. */
  #remove(step: string, path: BytePath, text: string, base: ReadonlySet<string>): void {
    const present = this.index.get(path);
    if (present === undefined) return;
    const other = this.#othersOf(path, base);
    if (other !== undefined) throw conflict(step, other, text);
    if (present.type === 'directory') {
      const below = `${path}/`;
      for (const inside of this.#touchedBy.keys()) {
        const within = inside.startsWith(below) ? this.#othersOf(inside, base) : undefined;
        if (within !== undefined) throw conflict(step, within, text);
      }
    }
    removeFromIndex(this.index, path);
  }
}

function conflict(step: string, other: string, path: string): StepError {
  return new StepError(
    'layer.conflict',
    `The steps ${other} and ${step} both change ${path}, and neither builds on the other: let one need the other.`,
  );
}

/** A part that is empty, `.` or `..`, or a zero byte. */
const noPath = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;
/** Names that mean deletions in a layer. */
const reservedName = /(?:^|\/)\.wh\./;

/** @throws LayerError where a name is none, is reserved, or the order is not that of the bytes */
function checkNames(step: string, entries: readonly LayerEntry[], paths: readonly BytePath[]): void {
  for (const [at, entry] of entries.entries()) {
    const path = paths[at] ?? '';
    if (noPath.test(path)) throw new LayerError(step, `${entry.path} is no path inside a tree`);
    if (reservedName.test(path)) throw new LayerError(step, `${entry.path} is a reserved name`);
    if (at > 0 && compareBytes(paths[at - 1] ?? '', path) >= 0) {
      throw new LayerError(step, `${entry.path} is out of order`);
    }
  }
}
