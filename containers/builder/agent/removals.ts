import { rm } from 'node:fs/promises';

/** Folders that nobody reads any more, on their way out: 640 MB of small files take half a second. */
export class Removals {
  readonly #running: Promise<void>[] = [];

  /** Begins to remove a folder; nobody waits for it. */
  begin(folder: string): void {
    const removal = rm(folder, { recursive: true, force: true });
    // `all` tells of a failure.
    removal.catch(() => undefined);
    this.#running.push(removal);
  }

  /** Resolves when all are gone. @throws what the removal of one of them threw */
  async all(): Promise<void> {
    await Promise.all(this.#running);
  }
}
