import type { LayerEntry } from '../builds/layer-index.ts';
import { printable } from '../builds/printable.ts';
import { EngineError } from '../errors.ts';

/**
 * A path of a tree, as the merged indexes of its layers tell of it. A tree that was made over another one shares every
 * part with it that it left as it was: such parts are the same object, so that nobody has to compare them.
 */
export interface TreeNode {
  /** Undefined of the root alone. */
  readonly entry: LayerEntry | undefined;
  /** What is in a folder, by name; undefined where it holds nothing. */
  readonly children: ReadonlyMap<string, TreeNode> | undefined;
}

/** A node while it is built. One draft at a time may change it, its owner; others copy it first. */
interface DraftNode extends TreeNode {
  entry: LayerEntry | undefined;
  children: Map<string, DraftNode> | undefined;
  readonly owner: TreeDraft;
}

/** What a tree holds: paths, files among them (names of one file once), and the bytes of these. */
export interface TreeTotals {
  readonly paths: number;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Indexes of layers, merged lowest first. What a layer says replaces what is below: an entry its path, a whiteout its
 * path and all below that, and so does an entry that is no folder. That branches of a plan agree was checked by the
 * builders that worked on them.
 */
export class TreeDraft {
  #root: DraftNode;

  /** @param below goes on from here, without changing it */
  constructor(below?: TreeDraft) {
    // The first level is copied; the rest when it is changed.
    const children = below === undefined ? undefined : below.#root.children;
    this.#root = { entry: undefined, children: children === undefined ? undefined : new Map(children), owner: this };
  }

  /** The tree as it is. It stays so only where this draft is not gone on with; another one over it changes nothing. */
  get root(): TreeNode {
    return this.#root;
  }

  /**
   * Puts an entry of the next layer over what is there.
   * @param step whose layer it is, for the error
   * @throws EngineError layer.unreadable where it stands in no folder: no builder writes such an index
   */
  put(step: string, entry: LayerEntry): void {
    const names = entry.path.split('/');
    const name = names.pop() ?? '';
    let folder = this.#root;
    for (const part of names) {
      const next = folder.children?.get(part);
      if (next === undefined || next.entry?.type !== 'directory') {
        // What is deleted below something that is gone already is deleted.
        if (entry.type === 'whiteout') return;
        throw new EngineError(
          'layer.unreadable',
          `In the index of the step ${step}, ${printable(entry.path.slice(0, 200))} stands in no folder.`,
        );
      }
      folder = this.#own(folder, part, next);
    }
    if (entry.type === 'whiteout') {
      folder.children?.delete(name);
      return;
    }
    folder.children ??= new Map();
    const before = folder.children.get(name);
    const stays = entry.type === 'directory' && before?.entry?.type === 'directory';
    const children = stays ? before.children : undefined;
    const own = before?.owner === this;
    folder.children.set(name, {
      entry,
      children: children === undefined || own ? children : new Map(children),
      owner: this,
    });
  }

  /** A folder's child as a node that this draft may change. */
  #own(folder: DraftNode, name: string, node: DraftNode): DraftNode {
    if (node.owner === this) return node;
    const copy = { ...node, children: node.children === undefined ? undefined : new Map(node.children), owner: this };
    folder.children?.set(name, copy);
    return copy;
  }
}

/** The node at a path, given by its names; undefined where there is none. Links are not followed. */
export function nodeAt(root: TreeNode, names: readonly string[]): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of names) node = node?.children?.get(name);
  return node;
}

/** Adds up a tree. */
export function treeTotals(root: TreeNode): TreeTotals {
  let paths = 0;
  let files = 0;
  let bytes = 0;
  const waiting: TreeNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.entry !== undefined) paths += 1;
    if (node.entry?.type === 'file') {
      files += 1;
      bytes += node.entry.size ?? 0;
    }
    if (node.children !== undefined) for (const child of node.children.values()) waiting.push(child);
  }
  return { paths, files, bytes };
}
