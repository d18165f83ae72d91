import { join } from 'node:path';
import { type Manifest, type StageResult, type StepFailure, stageResultSchema } from '../../../core/builds/manifest.ts';
import { LayerShelf } from '../layers/shelf.ts';
import { runTool } from '../layers/tool.ts';
import { StepError } from '../step-error.ts';
import { openBlobFiles } from './blob-files.ts';
import { BusyTime } from './busy-time.ts';
import { endProcesses } from './processes.ts';
import { Removals } from './removals.ts';
import type { StageOptions } from './stage-options.ts';
import { StageTree, type StageTreeOptions } from './stage-tree.ts';
import { stepFailure } from './step-failure.ts';
import { programOf } from './step-run.ts';
import { StepWorker } from './step-worker.ts';
import { orderStage, type PlannedStep, pathsOf, type StageOrder } from './tree-order.ts';
import { Uploads } from './uploads.ts';
import { openContainedWorkspace, openOverlayWorkspace, type Workspace } from './workspace.ts';

/** One stage's work, from the base layers to the result. */
class Stage {
  readonly #options: StageOptions;
  readonly #workspace: Workspace;
  readonly #uploads = new Uploads();
  readonly #shelf: LayerShelf;
  readonly #worker: StepWorker;
  readonly #order: StageOrder;
  readonly #tree: StageTree;
  readonly #busy: BusyTime;
  /** Ends all other steps when one has failed. */
  readonly #failing = new AbortController();
  readonly #ended = new Map<string, Promise<void>>();
  /** Steps that have failed, or were not begun because of that. */
  readonly #undone = new Set<string>();
  /** Trees that hold already what their steps, which work beside the stage's tree, ask for. */
  readonly #copies = new Map<string, StageTree>();
  readonly #removals = new Removals();
  /** Where tenant code runs, a step's end ends every other process of the builder: no two steps at a time. */
  readonly #exclusive: boolean;
  #failed: { readonly step: string; readonly error: unknown } | undefined;
  #restored = 0;

  constructor(options: StageOptions, workspace: Workspace) {
    this.#options = options;
    this.#workspace = workspace;
    const { manifest, folders, store, signal } = options;
    const blobs = openBlobFiles({ inputs: folders.inputs, blobs: join(folders.work, 'blobs') }, store);
    this.#shelf = new LayerShelf(manifest, blobs, options.warm);
    this.#exclusive = manifest.steps.some((step) => step.trust === 'tenant');
    this.#busy = new BusyTime(options.elapsed);
    const things = { shelf: this.#shelf, blobs, uploads: this.#uploads };
    this.#worker = new StepWorker(options, things, AbortSignal.any([signal, this.#failing.signal]));
    const planned = manifest.steps.map((step, number) => ({
      ...{ step, number },
      declaration: programOf(options.programs, step).declaration,
    }));
    this.#order = orderStage(planned, (lower, upper) => this.#shelf.isBelow(lower, upper));
    this.#tree = this.#openTree(workspace, folders.work, { paths: sparsePaths(this.#order), warm: options.warm });
  }

  #openTree(
    workspace: Workspace,
    folder: string,
    more: Pick<StageTreeOptions, 'paths' | 'warm'> = { paths: undefined },
  ): StageTree {
    const { sourceDateEpoch, limits } = this.#options.manifest;
    const treeBytes = limits.treeBytes;
    return new StageTree({ ...{ workspace, folder, sourceDateEpoch, treeBytes }, ...more, shelf: this.#shelf });
  }

  async run(): Promise<StageResult> {
    const { manifest, elapsed, signal } = this.#options;
    let failure: StepFailure | undefined;
    this.#fetchModules();
    this.#prepareAhead();
    await this.#runSteps();
    if (this.#failed !== undefined) {
      if (signal.aborted && !(signal.reason instanceof StepError)) throw signal.reason;
      const { step, error } = this.#failed;
      failure = stepFailure(step, signal.aborted ? signal.reason : error, this.#options.log);
    }
    await this.#removals.all();
    await this.#workspace.close();
    await endProcesses(this.#options.scope, this.#tree.path);
    const waiting = elapsed();
    // The log is complete: it goes up beside the last outputs.
    await Promise.all([
      this.#uploads.all(failure?.code === 'build.cancelled' ? 1_500 : undefined),
      this.#options.beforeResult(),
    ]);
    return this.#result(failure, elapsed() - waiting, manifest);
  }

  /** Modules that a step will read are fetched and checked while the steps before it run. */
  #fetchModules(): void {
    const needed = new Set(this.#options.manifest.steps.flatMap((step) => step.needs));
    for (const { step } of this.#options.manifest.modules) {
      // Who reads it hears of what is wrong with it.
      if (needed.has(step)) this.#shelf.module(step).catch(() => undefined);
    }
  }

  /** Beside tenant code nothing runs: there a step prepares itself when its turn has come. */
  #prepareAhead(): void {
    if (this.#exclusive) return;
    const { main, beside } = this.#order;
    for (const planned of [...main, ...beside]) this.#worker.prepare(planned, { tree: this.#tree });
  }

  async settleUploads(milliseconds: number): Promise<void> {
    await this.#uploads.all(milliseconds).catch(() => undefined);
    await this.#workspace.close().catch(() => undefined);
  }

  /** Runs all steps: those on layers beside the others, a tree's one after another, exports of the tree side by side. */
  async #runSteps(): Promise<void> {
    const { main, aside, beside, tests, exports } = this.#order;
    const { manifest } = this.#options;
    let last: Promise<void> = Promise.resolve();
    const start = (planned: PlannedStep, inTurn: boolean, run: () => Promise<void>): void => {
      const before = inTurn || this.#exclusive ? last : undefined;
      const { id, needs } = planned.step;
      const ended = (async () => {
        await before;
        await this.#settled(needs);
        await run();
      })().catch((error: unknown) => this.#fail(id, error));
      this.#ended.set(id, ended);
      if (before !== undefined) last = ended;
    };
    const inOrder = (planned: readonly PlannedStep[]) => new Map(planned.map((one) => [one.step.id, one]));
    const places = [
      { steps: inOrder(main), inTurn: true, run: (one: PlannedStep) => this.#runInTree(one) },
      { steps: inOrder(aside), inTurn: true, run: (one: PlannedStep) => this.#runAside(one) },
      { steps: inOrder(beside), inTurn: false, run: (one: PlannedStep) => this.#runBeside(one) },
      {
        steps: inOrder(exports),
        inTurn: false,
        run: async (one: PlannedStep) => {
          // The tree is theirs when nothing changes it any more.
          await Promise.all([...main, ...aside].map(({ step }) => this.#ended.get(step.id)));
          await this.#runInTree(one);
        },
      },
      {
        steps: inOrder(tests),
        inTurn: false,
        run: async (one: PlannedStep) => {
          const before = tests.slice(0, tests.indexOf(one));
          await Promise.all(before.map(({ step }) => this.#ended.get(step.id)));
          this.#failing.signal.throwIfAborted();
          await this.#runBeside(one);
        },
      },
    ];
    for (const { id } of manifest.steps) {
      for (const { steps, inTurn, run } of places) {
        const planned = steps.get(id);
        if (planned !== undefined) start(planned, inTurn, () => run(planned));
      }
    }
    await Promise.all(this.#ended.values());
  }

  /** Waits for steps of this stage. @throws where one of them has failed, or where any has and the stage ends with it */
  async #settled(needs: readonly string[]): Promise<void> {
    await Promise.all(needs.map((need) => this.#ended.get(need)));
    this.#options.signal.throwIfAborted();
    this.#failing.signal.throwIfAborted();
    const failed = needs.find((need) => this.#undone.has(need));
    if (failed !== undefined) throw new StepError('step.failed', `The step ${failed}, which it needs, has failed.`);
  }

  #fail(step: string, error: unknown): void {
    this.#undone.add(step);
    // What was ended, or not begun, because another failed is no failure of its own.
    if (this.#failed !== undefined) return;
    this.#failed = { step, error };
    if (this.#options.manifest.keepGoing) return;
    this.#failing.abort(new StepError('step.failed', 'Another step of the stage has failed.'));
  }

  async #runInTree(planned: PlannedStep): Promise<void> {
    await this.#move(this.#tree, planned);
    const copies = this.#copiesAfter(planned);
    // While the layer is written nothing changes the tree.
    const taken = () => Promise.all(copies.map((copy) => this.#copyTree(copy)));
    const released = () => this.#untested(planned);
    await this.#busy.during(() => this.#worker.run(planned, { tree: this.#tree, taken, released }));
    for (const { step, number } of copies) {
      const folder = this.#asideOf(number);
      const tree = this.#openTree(await openContainedWorkspace(folder), folder);
      tree.holdAs(this.#tree);
      this.#copies.set(step.id, tree);
    }
  }

  /** Waits until no test of the stage reads what a step has made. */
  async #untested({ step }: PlannedStep): Promise<void> {
    const readers = this.#order.tests.filter(({ step: test }) => test.needs.includes(step.id));
    await Promise.all(readers.map(({ step: test }) => this.#ended.get(test.id)));
  }

  /** The steps that work beside the tree on just what it holds after this step. */
  #copiesAfter({ step }: PlannedStep): readonly PlannedStep[] {
    if (step.produces !== 'layer') return [];
    const held = [...this.#tree.present, step.id];
    return this.#order.beside.filter(({ step: other }) => {
      if (other.produces !== 'layer' || this.#tree.isSparse) return false;
      const below = this.#shelf.toBeBelow(other.id);
      return below.length === held.length && below.every((lower) => held.includes(lower));
    });
  }

  /** 640 MB take 0.7 s, a third of what unpacking them from their layers takes, and the step is waited for for long. */
  async #copyTree({ number }: PlannedStep): Promise<void> {
    const { tree } = await openContainedWorkspace(this.#asideOf(number));
    await runTool(['cp', '-a', '--reflink=auto', '--', `${this.#tree.path}/.`, tree]);
  }

  #asideOf(number: number): string {
    return join(this.#options.folders.work, 'aside', String(number));
  }

  async #runAside(planned: PlannedStep): Promise<void> {
    const folder = this.#asideOf(planned.number);
    const workspace = await openContainedWorkspace(folder);
    const tree = this.#openTree(workspace, folder);
    await this.#move(tree, planned);
    await this.#busy.during(() => this.#worker.run(planned, { tree }));
    this.#removals.begin(folder);
  }

  async #runBeside(planned: PlannedStep): Promise<void> {
    const folder = this.#asideOf(planned.number);
    const tree = this.#copies.get(planned.step.id) ?? this.#openTree(await openContainedWorkspace(folder), folder);
    const unpack = () => tree.moveTo(this.#shelf.below(planned.step.id));
    const released = () => this.#untested(planned);
    await this.#busy.during(() => this.#worker.run(planned, { tree, unpack, released }));
    this.#removals.begin(join(folder, 'tree'));
  }

  async #move(tree: StageTree, planned: PlannedStep): Promise<void> {
    const { elapsed } = this.#options;
    const began = elapsed();
    const busy = this.#busy.milliseconds;
    await tree.moveTo(this.#shelf.below(planned.step.id));
    this.#restored += Math.max(0, elapsed() - began - (this.#busy.milliseconds - busy));
  }

  #result(failure: StepFailure | undefined, transfer: number, manifest: Manifest): StageResult {
    return stageResultSchema.parse({
      format: 'lbuild-result/1',
      stageId: manifest.stageId,
      attempt: manifest.attempt,
      outcome: failure === undefined ? 'succeeded' : 'failed',
      ...(failure === undefined ? {} : { failure }),
      milliseconds: {
        total: Math.round(this.#options.elapsed()),
        restore: Math.round(this.#restored),
        steps: Math.round(this.#busy.milliseconds),
        transfer: Math.round(transfer),
      },
    });
  }
}

/** The paths of a sparse tree, where no step needs more of the tree. */
function sparsePaths(order: StageOrder): readonly string[] | undefined {
  const paths = new Set<string>();
  for (const reader of [...order.main, ...order.exports]) {
    const own = pathsOf(reader);
    if (own === undefined) return undefined;
    for (const path of own) paths.add(path);
  }
  return [...paths].sort();
}

/**
 * Runs a stage: restores the base, runs each step, captures and uploads what it made, and uploads the result.
 * @returns the result that was written: a step's failure is an answer, no exception
 * @throws the signal's reason where the stage was ended by anything but cancellation; TransferError, ExchangeError or
 *   TicketRefused where the engine or the store cannot be reached
 */
export async function runStage(options: StageOptions): Promise<StageResult> {
  const { folders, mode, store } = options;
  const workspace =
    mode === 'privileged' ? await openOverlayWorkspace(folders.work) : await openContainedWorkspace(folders.work);
  const stage = new Stage(options, workspace);
  try {
    const result = await stage.run();
    await store.putJson('-', 'result', result);
    return result;
  } catch (error) {
    await stage.settleUploads(5_000);
    throw error;
  }
}
