import { join } from 'node:path';
import type { Difference } from '../layers/difference.ts';
import { type DifferenceOptions, takeDifference } from '../layers/difference.ts';
import { normaliseTree } from '../layers/normalise.ts';
import { type BytePath, parentOf } from '../layers/path-text.ts';
import { restoreLayers, restoreSparse } from '../layers/restore.ts';
import type { LayerShelf } from '../layers/shelf.ts';
import { pathsOfSparseTree } from '../layers/sparse-tree.ts';
import type { TreeIndex } from '../layers/tree-index.ts';
import { resolveInTree } from './tree-path.ts';
import type { WarmTree } from './warm-tree.ts';
import type { DifferenceSource, Workspace } from './workspace.ts';

export interface StageTreeOptions {
  readonly workspace: Workspace;
  readonly shelf: LayerShelf;
  /** Folder beside the tree. */
  readonly folder: string;
  /** Of a sparse tree: the paths that are wanted, relative to the root. */
  readonly paths: readonly BytePath[] | undefined;
  readonly sourceDateEpoch: number;
  readonly treeBytes: number;
  /** A tree of the lowest layers that may be there already. */
  readonly warm?: WarmTree | undefined;
}

/** A tree and the layers that it holds. */
export class StageTree {
  readonly #options: StageTreeOptions;
  #present: readonly string[] = [];
  #index: TreeIndex = new Map();
  #absent: ReadonlySet<BytePath> = new Set();
  #source: DifferenceSource | undefined;
  #moves = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: StageTreeOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.workspace.tree;
  }

  /** Unpacks what the tree lacks of these layers, which are all that it shall hold, in the order of the plan. */
  moveTo(steps: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#moveTo(steps));
  }

  /** Exports of one tree ask for it at the same time. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #moveTo(steps: readonly string[]): Promise<void> {
    const { workspace, shelf, sourceDateEpoch, paths, folder } = this.#options;
    if (steps.every((step) => this.#present.includes(step))) return;
    if (this.#present.length === 0 && paths !== undefined) {
      this.#options.warm?.stop();
      const scratchFile = join(folder, 'paths');
      const restored = await restoreSparse(workspace.base, shelf, { steps, sourceDateEpoch, scratchFile, paths });
      this.#index = restored.merge.index;
      this.#absent = restored.absent;
    } else {
      const first = this.#present.length === 0;
      const present = first ? await this.#takeWarm(steps) : this.#present;
      const missing = steps.filter((step) => !present.includes(step));
      if (!first) await workspace.beginStep(`join-${this.#moves}`);
      const tree = first ? workspace.base : workspace.tree;
      const merge = await restoreLayers(tree, shelf, { present, steps: missing, sourceDateEpoch });
      this.#index = merge.index;
    }
    this.#moves += 1;
    this.#present = steps;
  }

  /** Takes the tree that is ready, where it is of the lowest of these steps; answers whose layers it holds. */
  async #takeWarm(steps: readonly string[]): Promise<readonly string[]> {
    const { workspace, shelf, warm } = this.#options;
    if (warm === undefined) return [];
    const layers = steps.map((step) => shelf.digestOf(step));
    return steps.slice(0, await warm.moveTo(workspace.base, layers));
  }

  /** To be called before a step that makes a layer. */
  async beginStep(name: string): Promise<void> {
    this.#source = await this.#options.workspace.beginStep(name);
  }

  /** To be called before a step that reads the tree. */
  show(name: string): Promise<void> {
    return this.#inTurn(() => this.#options.workspace.showTree(name));
  }

  /**
   * What the step that began last has changed.
   * @param did.ranCode code of the tree has run; `writes`: of its declaration; `paths`: all that it read or changed,
   *   where it says so
   */
  async endStep(did: {
    readonly ranCode: boolean;
    readonly writes: readonly string[] | undefined;
    readonly paths: readonly BytePath[] | undefined;
  }): Promise<Difference> {
    const { workspace, sourceDateEpoch, treeBytes } = this.#options;
    if (this.#source === undefined) throw new Error('no step has begun');
    await normaliseTree(workspace.tree, sourceDateEpoch);
    const { writes } = did;
    const part =
      did.paths === undefined || did.ranCode || this.isSparse || this.#source.since === undefined
        ? { absent: this.#absent }
        : await this.#partOf(did.paths);
    return takeDifference({
      ...this.#source,
      ...{ sourceDateEpoch, treeBytes },
      ...(writes === undefined ? {} : { writes }),
      tree: workspace.tree,
      before: this.#index,
      ...part,
      readAll: did.ranCode && workspace.hidesWrites,
    });
  }

  /** The part of a whole tree that a sparse one would have been: nothing else can be changed. */
  async #partOf(wanted: readonly BytePath[]): Promise<Pick<DifferenceOptions, 'absent' | 'within'>> {
    const { tree } = this.#options.workspace;
    const single = pathsOfSparseTree(this.#index, wanted);
    const absent = new Set([...this.#index.keys()].filter((path) => !single.has(path)));
    const roots: BytePath[] = [];
    for (const path of wanted) {
      const place = await resolveInTree(tree, Buffer.from(path, 'latin1').toString());
      const root = Buffer.from(place.slice(tree.length + 1)).toString('latin1');
      roots.push(root);
      for (let at = parentOf(root); at !== ''; at = parentOf(at)) single.add(at);
    }
    return { absent, within: { single, roots } };
  }

  /** The steps whose layers it holds. */
  get present(): readonly string[] {
    return this.#present;
  }

  /** Whether it has some paths of its layers only. */
  get isSparse(): boolean {
    return this.#options.paths !== undefined;
  }

  /** Says that the tree, so far empty, holds what another does. */
  holdAs(other: StageTree): void {
    this.#present = other.#present;
    this.#index = new Map(other.#index);
    this.#moves = 1;
  }

  /** Says that the tree now holds the step's layer too. */
  keep(step: string, after: TreeIndex): void {
    this.#present = [...this.#present, step];
    this.#index = after;
  }

  get index(): TreeIndex {
    return this.#index;
  }
}
