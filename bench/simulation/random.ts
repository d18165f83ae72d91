/** Numbers from a seed: the same seed gives the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = mix(seed);
  }

  /** From 0 to below 1 (mulberry32: one 32-bit word of state, passes gjrand's tests). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Half of all numbers are below the median; `sigma` is the standard deviation of the logarithm. */
  lognormal(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()));
  }

  /** From `low` to `high`, most often near `usual`. */
  triangle(low: number, usual: number, high: number): number {
    const share = this.next();
    const rise = (usual - low) / (high - low);
    return share < rise
      ? low + Math.sqrt(share * (high - low) * (usual - low))
      : high - Math.sqrt((1 - share) * (high - low) * (high - usual));
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** That many bytes. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.next() * 256));
  }
}

/** A number of 32 bits that depends on each of the others: a seed for what must not depend on the order of events. */
export function mix(...parts: readonly number[]): number {
  let word = 0x9e3779b9;
  for (const part of parts) {
    word = Math.imul(word ^ (part | 0), 0x85ebca6b);
    word ^= word >>> 13;
    word = Math.imul(word, 0xc2b2ae35) + 0x27d4eb2f;
    word ^= word >>> 16;
  }
  return word | 0;
}
