import { EventQueue } from '../event-queue.ts';

/** What is to be done at which time of a run, in order; each thing is done to its end before the next one. */
export class Agenda {
  readonly #queue = new EventQueue();
  readonly #acts = new Map<number, () => Promise<void>>();
  #number = 0;

  /** Milliseconds since the run began. */
  get now(): number {
    return this.#queue.now;
  }

  /** @param delay milliseconds from now */
  after(delay: number, act: () => Promise<void>): void {
    this.#number += 1;
    this.#acts.set(this.#number, act);
    this.#queue.add(this.now + Math.max(0, delay), this.#number);
  }

  /** Does the next thing; false where there is none. */
  async next(): Promise<boolean> {
    const number = this.#queue.take();
    if (number === undefined) return false;
    const act = this.#acts.get(number);
    this.#acts.delete(number);
    await act?.();
    return true;
  }
}
