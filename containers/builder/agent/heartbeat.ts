import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../../../core/digest.ts';
import { type Exchange, TicketRefused } from './exchange-client.ts';
import type { AttemptLog } from './log.ts';
import { upload } from './transfer.ts';

/** The log is a whole object that is written again: seldom where it is large. Bytes that cost one second of pause. */
const bytesPerSecond = 200_000;
const shortestPause = 1_000;
const longestPause = 10_000;
/** How often it is looked whether there is something to tell. */
const tick = 250;

export interface HeartbeatOptions {
  readonly exchange: Exchange;
  readonly log: AttemptLog;
  readonly heartbeatSeconds: number;
  readonly now: () => number;
  /** The build was cancelled, or the attempt is over. */
  onEnd(reason: 'cancelled' | 'refused'): void;
}

/** Tells the engine that the agent lives, where it is, and what it logged; learns of cancellation. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #stop = new AbortController();
  #progress: { step: string; percent: number } | undefined;
  #told: { step: string; percent: number } | undefined;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #lastLog = Number.NEGATIVE_INFINITY;
  #written = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  progress(step: string, percent: number): void {
    this.#progress = { step, percent: Math.max(0, Math.min(100, Math.round(percent))) };
  }

  /** Stops beating; what the log holds by then is written. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    if (this.#options.log.size > this.#written) await this.#beat(true).catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const now = this.#options.now();
      const { log } = this.#options;
      const pause = Math.min(longestPause, Math.max(shortestPause, (log.size / bytesPerSecond) * 1_000));
      const logDue = log.size > this.#written && now - this.#lastLog >= pause;
      const progressDue = this.#progress !== this.#told && now - this.#lastBeat >= shortestPause;
      if (logDue || progressDue || now - this.#lastBeat >= this.#options.heartbeatSeconds * 1_000) {
        // An engine that does not answer for a while is no reason to end the work: the next beat tells it all.
        await this.#beat(logDue).catch((error: unknown) => {
          if (!(error instanceof TicketRefused)) return;
          this.#stop.abort();
          this.#options.onEnd('refused');
        });
      }
      await sleep(tick, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #beat(withLog: boolean): Promise<void> {
    const { exchange, log, now } = this.#options;
    const progress = this.#progress;
    const bytes = withLog ? log.bytes() : undefined;
    this.#lastBeat = now();
    const answer = await exchange.ask(
      {
        kind: 'heartbeat',
        ...(progress === undefined ? {} : { progress }),
        ...(bytes === undefined ? {} : { log: { size: bytes.length, sha256: sha256(bytes) } }),
      },
      'heartbeat',
    );
    this.#told = progress;
    if (answer.cancelled && !this.#stop.signal.aborted) {
      this.#options.onEnd('cancelled');
    }
    if (bytes === undefined || answer.log === undefined) return;
    this.#lastLog = now();
    await upload(answer.log, { bytes }, AbortSignal.timeout(longestPause));
    this.#written = bytes.length;
  }
}
