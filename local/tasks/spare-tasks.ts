import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type TrustClass, trustClasses, type Warmth } from '../../core/builds/manifest.ts';
import type { Sha256 } from '../../core/digest.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { linkInputs, makeTaskFolder, removeTaskFolder } from './task-folder.ts';
import { TaskProcess } from './task-process.ts';
import { readMemory, workSpaceFor } from './work-space.ts';

/**
 * By the trust of its stage: service stages see the shared cache of packages, and what runs no tenant code may hand
 * files over to the object store.
 */
export type TaskKind = TrustClass;

export interface SpareTasksOptions {
  readonly directory: string;
  readonly builderRoot: string;
  readonly agentBundle: string;
  readonly mode: 'contained' | 'privileged';
  readonly slots: number;
  readonly packageCache: string | undefined;
  /** The web proxy of archives and scripts. */
  readonly proxy?: WebProxy | undefined;
  readonly clock: Clock;
}

interface Spare {
  readonly process: TaskProcess;
  readonly folder: string;
  readonly madeAt: number;
  /** Its trees are in memory. */
  readonly inMemory: boolean;
}

/** Milliseconds after which a spare is not used: it shows the machine's resolver as it was when it was made. */
const longestWait = 600_000;

/**
 * Keeps one task of each kind ready: its namespaces made, its agent loaded, waiting for a manifest. Making one takes a
 * quarter of a second, most of it Node reading the agent, which no stage then waits for. A task runs one attempt and
 * is never used again.
 */
export class SpareTasks {
  readonly #options: SpareTasksOptions;
  readonly #spares = new Map<TaskKind, Promise<Spare>>();
  readonly #warmed = new WeakSet<Spare>();
  #made = 0;
  #closed = false;

  constructor(options: SpareTasksOptions) {
    this.#options = options;
    for (const kind of trustClasses) this.#prepare(kind);
  }

  /**
   * A task that is ready or nearly so, moved to the folder `directory`/`taskId`; the next spare is made behind it.
   * @throws Error where the folder cannot be made
   */
  async take(kind: TaskKind, taskId: string): Promise<{ process: TaskProcess; folder: string }> {
    const ready = await this.#ready(kind);
    const folder = join(this.#options.directory, taskId);
    // Its mounts follow the folder: the kernel knows it by its inode.
    await ready.process.ready;
    await rename(ready.folder, folder);
    return { process: ready.process, folder };
  }

  /**
   * Lets the spare of a kind make ready what the next task likely begins with. Once for each spare, and only where its
   * trees are in memory: a disk is slower at it than a stage that needs less.
   * @param inputs digest to file of what it needs
   */
  async warm(kind: TaskKind, warmth: Warmth, inputs: ReadonlyMap<Sha256, string>): Promise<void> {
    const spare = await this.#spares.get(kind);
    if (spare === undefined || !spare.inMemory || this.#warmed.has(spare)) return;
    this.#warmed.add(spare);
    await spare.process.ready;
    await linkInputs(spare.folder, inputs);
    spare.process.warm(warmth);
  }

  /** Ends the spares. */
  async close(): Promise<void> {
    this.#closed = true;
    const spares = await Promise.allSettled(this.#spares.values());
    this.#spares.clear();
    await Promise.all(
      spares.map(async (spare) => {
        if (spare.status === 'fulfilled') await this.#discard(spare.value);
      }),
    );
  }

  async #ready(kind: TaskKind): Promise<Spare> {
    // Taken and replaced in one turn: two tasks never get the same one.
    const waiting = this.#spares.get(kind) ?? this.#make(kind);
    this.#spares.delete(kind);
    this.#prepare(kind);
    const spare = await waiting;
    const age = this.#options.clock.now().getTime() - spare.madeAt;
    if (spare.process.alive && age < longestWait) return spare;
    // It died while it waited, or what it shows of the machine may be out of date. What ails a task shows in the one
    // that is made now, as that task's own end.
    await this.#discard(spare);
    return this.#make(kind);
  }

  #prepare(kind: TaskKind): void {
    if (this.#closed) return;
    const spare = this.#make(kind);
    // A failure is told to whoever takes it.
    spare.catch(() => undefined);
    this.#spares.set(kind, spare);
  }

  async #make(kind: TaskKind): Promise<Spare> {
    const { directory, builderRoot, agentBundle, mode, slots, packageCache, proxy, clock } = this.#options;
    this.#made += 1;
    const folder = join(directory, `spare-${this.#made}`);
    await makeTaskFolder(folder);
    const work = workSpaceFor(slots, await readMemory());
    const cache = kind === 'service' ? packageCache : undefined;
    return {
      folder,
      madeAt: clock.now().getTime(),
      inMemory: work !== 'disk',
      process: new TaskProcess({
        ...{ builderRoot, folder, agentBundle, mode, work, proxy, clock },
        packageCache: cache,
        handsOver: kind !== 'tenant',
      }),
    };
  }

  async #discard(spare: Spare): Promise<void> {
    await spare.process.stop();
    await removeTaskFolder(spare.folder);
  }
}
