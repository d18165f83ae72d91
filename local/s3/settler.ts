import { open, unlink } from 'node:fs/promises';

/** What a commit changed: a body that came, and bodies that no row names any more. */
export interface Change {
  readonly written?: number;
  readonly freed: readonly number[];
}

/**
 * Makes commits outlast a power cut, behind the answers to them: it syncs the new bodies, then the index's log, and only
 * then removes files that the commits freed, so that no power cut takes an old object before its successor is safe.
 * One round takes all that came since the last. Waiting for it instead would cost each upload seconds on a disk that
 * builds keep busy (150 MB: 0.4 s became 1.7 to 5.9 s), and a killed process loses nothing either way.
 */
export class Settler {
  readonly #pathOf: (id: number) => string;
  readonly #logPath: string;
  readonly #settled: (ids: readonly number[]) => void;
  #written: number[] = [];
  #freed: number[] = [];
  #round: Promise<void> | undefined;

  /** @param options.settled hears which bodies the disk now holds */
  constructor(options: {
    pathOf: (id: number) => string;
    logPath: string;
    settled: (ids: readonly number[]) => void;
  }) {
    this.#pathOf = options.pathOf;
    this.#logPath = options.logPath;
    this.#settled = options.settled;
  }

  add({ written, freed }: Change): void {
    if (written === undefined && freed.length === 0) return;
    if (written !== undefined) this.#written.push(written);
    this.#freed.push(...freed);
    this.#round ??= this.#settle();
  }

  /** Resolves when all that was added is settled. */
  async idle(): Promise<void> {
    while (this.#round !== undefined) await this.#round;
  }

  async #settle(): Promise<void> {
    try {
      while (this.#written.length > 0 || this.#freed.length > 0) {
        const written = new Set(this.#written);
        const freed = this.#freed;
        [this.#written, this.#freed] = [[], []];
        for (const id of freed) written.delete(id);
        for (const id of written) await sync(this.#pathOf(id));
        await sync(this.#logPath);
        this.#settled([...written]);
        for (const id of freed) await unlink(this.#pathOf(id));
      }
    } catch (error) {
      // Nothing is lost to the process: what is not settled is checked, and what is left over swept, at the next start.
      process.emitWarning(`S3 store: the disk did not settle what was written: ${error}`);
    } finally {
      this.#round = undefined;
    }
  }
}

/** Syncs a file; one that is gone was freed meanwhile. */
async function sync(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
