import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../core/ports/clock.ts';
import { EventQueue } from './event-queue.ts';

/** Turns of the event loop in which nothing must be under way before time moves on. */
const quietTurns = 2;

/**
 * A clock that stands still while anything is under way, and then jumps to the next instant that somebody sleeps for:
 * real functions run on paper time, as fast as the machine can and the same way each time.
 */
export class PaperClock implements Clock {
  readonly #origin: number;
  readonly #queue = new EventQueue();
  readonly #sleepers = new Map<number, () => void>();
  #count = 0;
  #underWay = 0;

  /** @param origin of paper time, in milliseconds since the epoch */
  constructor(origin: number) {
    this.#origin = origin;
  }

  now(): Date {
    return new Date(Math.floor(this.#origin + this.#queue.now));
  }

  /** Milliseconds since the origin. */
  get elapsed(): number {
    return this.#queue.now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const id = this.#count;
      this.#count += 1;
      const end = (): void => {
        signal?.removeEventListener('abort', end);
        this.#sleepers.delete(id);
        resolve();
      };
      this.#sleepers.set(id, end);
      signal?.addEventListener('abort', end, { once: true });
      // Rounded up: who sleeps until an instant must not wake before it.
      this.#queue.add(this.#queue.now + Math.max(0, Math.ceil(milliseconds)), id);
    });
  }

  /** Keeps time still until the work is done. For work that waits for the event loop, not for this clock. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  /**
   * Lets time pass until `done`. @throws Error where nobody sleeps any more, or `until` has passed, in milliseconds since the origin
   */
  async run(done: () => boolean, until: number): Promise<void> {
    while (!done()) {
      for (let quiet = 0; quiet < quietTurns; ) {
        await turn();
        quiet = this.#underWay === 0 ? quiet + 1 : 0;
      }
      if (done()) return;
      const next = this.#queue.take();
      if (next === undefined) throw new Error('nothing more will happen, and it is not done');
      if (this.#queue.now > until) throw new Error(`it is not done after ${until} ms of paper time`);
      this.#sleepers.get(next)?.();
    }
  }
}
