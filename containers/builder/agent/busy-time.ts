/** Counts the time in which at least one thing of a kind goes on. */
export class BusyTime {
  readonly #elapsed: () => number;
  #active = 0;
  #since = 0;
  #sum = 0;

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  get milliseconds(): number {
    return this.#sum + (this.#active > 0 ? this.#elapsed() - this.#since : 0);
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active === 0) this.#since = this.#elapsed();
    this.#active += 1;
    try {
      return await work();
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#sum += this.#elapsed() - this.#since;
    }
  }
}
