import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient } from './engine-error.ts';
import type { BuildDetail, LogLine, Logs } from './generated/types.gen.ts';

/** Seconds that one call for logs waits; the service allows 20. */
const waitSeconds = 20;

/** Failures in a row after which waiting gives up: with the pauses between them about half a minute. */
const toleratedFailures = 10;
const failurePauseMilliseconds = 3_000;

/** What is asked again and again. */
interface Reading {
  readBuild(id: string, signal?: AbortSignal): Promise<BuildDetail>;
  readLogs(
    id: string,
    query: { readonly cursor?: string; readonly stage?: string; readonly waitSeconds?: number },
    signal?: AbortSignal,
  ): Promise<Logs>;
}

/** Calls that last as long as a build does. */
export function followCalls({ readBuild, readLogs }: Reading) {
  /** Polls a build until it has ended; `onProgress` gets every reading. A short absence of the engine is waited out. */
  async function waitForBuild(
    id: string,
    waiting: {
      readonly onProgress?: (build: BuildDetail) => void;
      readonly signal?: AbortSignal;
      readonly pollMilliseconds?: number;
    } = {},
  ): Promise<BuildDetail> {
    for (;;) {
      const build = await patiently(() => readBuild(id, waiting.signal), waiting.signal);
      waiting.onProgress?.(build);
      if (build.ended) return build;
      await sleep(waiting.pollMilliseconds ?? 1_000, undefined, withSignal(waiting.signal));
    }
  }

  /** The lines of a build's log as they come, until the build has ended. A short absence of the engine is waited out. */
  async function* followLogs(
    id: string,
    following: { readonly stage?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<LogLine> {
    let cursor: string | undefined;
    for (;;) {
      const began = Date.now();
      const query = {
        waitSeconds,
        ...(following.stage === undefined ? {} : { stage: following.stage }),
        ...(cursor === undefined ? {} : { cursor }),
      };
      const part = await patiently(() => readLogs(id, query, following.signal), following.signal);
      yield* part.lines;
      if (part.complete) return;
      cursor = part.cursor;
      // Too many callers of this tenant wait already: the answer came at once, so the pause is ours.
      if (part.lines.length === 0 && Date.now() - began < 1_000) {
        await sleep(1_000, undefined, withSignal(following.signal));
      }
    }
  }

  return { waitForBuild, followLogs };
}

/** A signal as a call takes it: not at all where there is none. */
export function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function patiently<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (failures > toleratedFailures || !isTransient(error)) throw error;
      await sleep(failurePauseMilliseconds, undefined, withSignal(signal));
    }
  }
}
