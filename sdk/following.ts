import { askedSecondsOf, isTransient } from './engine-error.ts';
import type { BuildDetail, LogLine, Logs, ReadLogsData } from './generated/types.gen.ts';
import { type CallOptions, withSignal } from './transport.ts';
import { patiently, sleep } from './waiting.ts';

/** Seconds that one call for logs waits; the service allows 20. */
const waitSeconds = 20;
/** For so long an absence of the engine is waited out unless the caller says otherwise: it is being restarted. */
const usualPatience = 120_000;

/** How long to wait while the engine is away. */
export interface Patience {
  readonly signal?: AbortSignal;
  /** Milliseconds that the engine may be away before the call gives up; 120,000 unless given. */
  readonly patienceMilliseconds?: number;
}

/** What waiting for a build takes. */
export interface WaitOptions extends Patience {
  /** Gets every reading. */
  readonly onProgress?: (build: BuildDetail) => void;
  /** Between two readings; 1,000 unless given. */
  readonly pollMilliseconds?: number;
}

/** What following a log takes. */
export interface StreamOptions extends Patience {
  /** Only this stage, such as `s1`. */
  readonly stage?: string;
  /** Where to go on, as `LogStream.cursor` of an earlier stream was; from the beginning without. */
  readonly cursor?: string;
  /** False: ends with what is there now. True unless given: ends with the build. */
  readonly follow?: boolean;
}

/** The lines of a log as they come. */
export interface LogStream extends AsyncIterable<LogLine> {
  /**
   * Where a later stream goes on: behind the last line of the last part that was given out whole. Undefined before the
   * first.
   */
  readonly cursor: string | undefined;
}

/** What is asked again and again. */
interface Reading {
  read(id: string, options?: CallOptions): Promise<BuildDetail>;
  readLogs(id: string, query: NonNullable<ReadLogsData['query']>, options?: CallOptions): Promise<Logs>;
}

/** Calls that last as long as a build does. An absence of the engine is waited out. @internal */
export function followCalls({ read, readLogs }: Reading) {
  const patientOf = ({ signal, patienceMilliseconds = usualPatience }: Patience) => ({
    ...{ isPassing: isTransient, askedSeconds: askedSecondsOf, signal, patienceMilliseconds },
  });

  /** Polls a build until it has ended. @returns the build as it ended, well or not */
  async function waitForBuild(id: string, waiting: WaitOptions = {}): Promise<BuildDetail> {
    const options = { maxRetries: 0, ...withSignal(waiting.signal) };
    for (;;) {
      const build = await patiently(() => read(id, options), patientOf(waiting));
      waiting.onProgress?.(build);
      if (build.ended) return build;
      await sleep(waiting.pollMilliseconds ?? 1_000, waiting.signal);
    }
  }

  /**
   * The lines of a build's log as they come, until the build has ended. It goes on where it was after a lost
   * connection or a restart of the engine: no line is left out, none comes twice.
   */
  function streamLogs(id: string, following: StreamOptions = {}): LogStream {
    const { stage, signal, follow = true } = following;
    const options = { maxRetries: 0, ...withSignal(signal) };
    let cursor = following.cursor;
    async function* lines(): AsyncGenerator<LogLine> {
      for (;;) {
        const began = Date.now();
        const query = {
          ...(follow ? { waitSeconds } : {}),
          ...(stage === undefined ? {} : { stage }),
          ...(cursor === undefined ? {} : { cursor }),
        };
        const part = await patiently(() => readLogs(id, query, options), patientOf(following));
        yield* part.lines;
        cursor = part.cursor;
        if (part.complete || (!follow && part.lines.length === 0)) return;
        // Too many callers of this tenant wait already: the answer came at once, so the pause is ours.
        if (part.lines.length === 0 && Date.now() - began < 1_000) await sleep(1_000, signal);
      }
    }
    return {
      get cursor() {
        return cursor;
      },
      [Symbol.asyncIterator]: lines,
    };
  }

  return { waitForBuild, streamLogs };
}
