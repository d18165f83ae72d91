/** The number at a place of a column. @throws RangeError outside of it */
export function at(column: Float64Array | Int32Array | Uint8Array, index: number): number {
  const value = column[index];
  if (value === undefined) throw new RangeError(`${index} is outside of a column of ${column.length}`);
  return value;
}

/**
 * Events in the order of their times; of two at one time the one that was added first. A binary heap over three typed
 * columns: an event is a whole number of at most 31 bits, which the caller gives a meaning.
 */
export class EventQueue {
  #times = new Float64Array(1_024);
  #orders = new Float64Array(1_024);
  #events = new Int32Array(1_024);
  #size = 0;
  #added = 0;
  /** Time of the event that was taken last. */
  now = 0;

  get size(): number {
    return this.#size;
  }

  /** @throws RangeError where the time has passed */
  add(time: number, event: number): void {
    if (!(time >= this.now)) throw new RangeError(`an event for ${time} cannot be added at ${this.now}`);
    if (this.#size === this.#times.length) this.#grow();
    let hole = this.#size;
    this.#size += 1;
    const order = this.#added;
    this.#added += 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isBefore(time, order, parent)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, time, order, event);
  }

  /** Takes the next event and moves `now` to its time; undefined where there is none. */
  take(): number | undefined {
    if (this.#size === 0) return undefined;
    const event = at(this.#events, 0);
    this.now = at(this.#times, 0);
    this.#size -= 1;
    const last = this.#size;
    const time = at(this.#times, last);
    const order = at(this.#orders, last);
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isBefore(at(this.#times, child + 1), at(this.#orders, child + 1), child))
        child += 1;
      if (this.#isBefore(time, order, child)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#put(hole, time, order, at(this.#events, last));
    return event;
  }

  #isBefore(time: number, order: number, place: number): boolean {
    const other = at(this.#times, place);
    return time < other || (time === other && order < at(this.#orders, place));
  }

  #move(from: number, to: number): void {
    this.#put(to, at(this.#times, from), at(this.#orders, from), at(this.#events, from));
  }

  #put(place: number, time: number, order: number, event: number): void {
    this.#times[place] = time;
    this.#orders[place] = order;
    this.#events[place] = event;
  }

  #grow(): void {
    const length = this.#times.length * 2;
    const times = new Float64Array(length);
    const orders = new Float64Array(length);
    const events = new Int32Array(length);
    times.set(this.#times);
    orders.set(this.#orders);
    events.set(this.#events);
    this.#times = times;
    this.#orders = orders;
    this.#events = events;
  }
}
