interface Waiting {
  readonly tenantId: string;
  readonly go: () => void;
}

/**
 * So many at once. A slot that is given back goes to who has waited longest of the tenants that run least: nobody waits
 * behind all that another tenant has begun.
 */
export class RunSlots {
  #free: number;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<string, number>();

  constructor(slots: number) {
    this.#free = slots;
  }

  /**
   * Waits for a slot.
   * @returns gives it back
   * @throws the signal's reason, when that is aborted first
   */
  async take(tenantId: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      this.#count(tenantId, 1);
    } else await this.#turn(tenantId, signal);
    return () => {
      this.#count(tenantId, -1);
      const next = this.#next();
      if (next === undefined) {
        this.#free += 1;
        return;
      }
      // Counted at once: until the waiting one goes on, others may end.
      this.#count(next.tenantId, 1);
      next.go();
    };
  }

  #next(): Waiting | undefined {
    const least = Math.min(...this.#waiting.map(({ tenantId }) => this.#runsOf(tenantId)));
    const at = this.#waiting.findIndex(({ tenantId }) => this.#runsOf(tenantId) === least);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  #runsOf(tenantId: string): number {
    return this.#running.get(tenantId) ?? 0;
  }

  #count(tenantId: string, by: number): void {
    const runs = this.#runsOf(tenantId) + by;
    if (runs === 0) this.#running.delete(tenantId);
    else this.#running.set(tenantId, runs);
  }

  #turn(tenantId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        tenantId,
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
