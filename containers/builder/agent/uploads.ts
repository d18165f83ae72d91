import { setTimeout as sleep } from 'node:timers/promises';

/** Uploads that run beside the steps, one after another: a receipt never arrives before what it speaks of. */
export class Uploads {
  #chain: Promise<void> = Promise.resolve();
  #failed: { readonly error: unknown } | undefined;

  add(upload: () => Promise<void>): void {
    this.#chain = this.#chain.then(async () => {
      if (this.#failed !== undefined) return;
      try {
        await upload();
      } catch (error) {
        this.#failed = { error };
      }
    });
  }

  /**
   * Waits for all of them, or no longer than given.
   * @throws what the first that failed threw
   */
  async all(milliseconds?: number): Promise<void> {
    await (milliseconds === undefined
      ? this.#chain
      : Promise.race([this.#chain, sleep(milliseconds, undefined, { ref: false })]));
    if (this.#failed !== undefined) throw this.#failed.error;
  }
}
