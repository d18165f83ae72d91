import type { LogLine } from '../../../core/builds/manifest.ts';

/** Characters of one line: longer ones are cut, so that no line fills the log alone. */
const longestLine = 4_000;
const tailLines = 40;
const tailLineLength = 500;
/** Kept free below the cap for the line that says that the log is full. */
const markerRoom = 256;

/**
 * The log of an attempt: NDJSON that only grows, up to a cap. The last lines of each step are kept beside it, since a
 * failure's reason is at the end, which a full log no longer holds.
 */
export class AttemptLog {
  readonly #cap: number;
  readonly #elapsed: () => number;
  readonly #pieces: Buffer[] = [];
  readonly #tails = new Map<string, string[]>();
  /** Texts that are not shown, the longest first. */
  #hidden: readonly string[] = [];
  #size = 0;
  #full = false;

  /**
   * @param cap bytes that the log may hold
   * @param elapsed milliseconds since the attempt began
   */
  constructor(cap: number, elapsed: () => number) {
    this.#cap = cap;
    this.#elapsed = elapsed;
  }

  /** Shows `***` in place of a text from now on, as it is and as addresses have it. */
  hide(secret: string): void {
    if (secret === '') return;
    const forms = new Set([...this.#hidden, secret, encodeURIComponent(secret.toWellFormed())]);
    this.#hidden = [...forms].sort((one, other) => other.length - one.length);
  }

  /** A text without what is hidden. */
  shown(text: string): string {
    return this.#hidden.reduce((shown, hidden) => shown.replaceAll(hidden, '***'), text);
  }

  add(step: string, stream: LogLine['stream'], text: string): void {
    const well = this.shown(text).toWellFormed();
    const bounded = well.length > longestLine ? `${well.slice(0, longestLine - 1).toWellFormed()}…` : well;
    const tail = this.#tails.get(step) ?? [];
    tail.push(bounded.slice(0, tailLineLength).toWellFormed());
    if (tail.length > tailLines) tail.shift();
    this.#tails.set(step, tail);
    if (this.#full) return;
    const line = this.#encode({ at: Math.round(this.#elapsed()), step, stream, text: bounded });
    if (this.#size + line.length > this.#cap - markerRoom) {
      this.#full = true;
      const text = `the log has reached its limit of ${this.#cap} bytes; later lines are left out`;
      this.#append(this.#encode({ at: Math.round(this.#elapsed()), step: '-', stream: 'agent', text }));
      return;
    }
    this.#append(line);
  }

  get size(): number {
    return this.#size;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** The last 40 lines of a step, each cut to 500 characters. */
  tail(step: string): string[] {
    return [...(this.#tails.get(step) ?? [])];
  }

  #encode(line: LogLine): Buffer {
    return Buffer.from(`${JSON.stringify(line)}\n`);
  }

  #append(line: Buffer): void {
    this.#pieces.push(line);
    this.#size += line.length;
  }
}
