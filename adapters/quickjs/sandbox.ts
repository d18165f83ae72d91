import { type Deferred, EvalFlags, Intrinsics, JSException, type JSValueHandle, QuickJS } from 'quickjs-wasi';
import {
  longestRequest,
  type SandboxEnd,
  type SandboxMessage,
  type SandboxResult,
  type SandboxStart,
} from './messages.ts';
import { prelude } from './prelude.ts';
import { failureOf, resultOf, timedOut } from './sandbox-result.ts';

/** What a sandbox tells while it runs. */
type Told = Exclude<SandboxMessage, SandboxEnd>;

/**
 * One run of one plugin, in an engine of its own: memory, globals and everything that is reachable from them begin and
 * end with it. Of what the engine imports, it is given a clock that stands still, no chance, and nowhere to write to; the
 * rest of it has no way out either.
 */
export class Sandbox {
  readonly #start: SandboxStart;
  readonly #compiled: WebAssembly.Module;
  readonly #tell: (message: Told) => void;
  readonly #deferred = new Map<number, Deferred>();
  readonly #ends = Promise.withResolvers<SandboxResult>();
  #engine: QuickJS | undefined;
  #memory: WebAssembly.Memory | undefined;
  #result: SandboxResult | undefined;
  #interrupted = false;
  #fetches = 0;
  #cpuAtStart = 0;
  #logBytes = 0;
  #logLines = 0;

  /** @param compiled its engine */
  constructor(start: SandboxStart, compiled: WebAssembly.Module, tell: (message: Told) => void) {
    this.#start = start;
    this.#compiled = compiled;
    this.#tell = tell;
  }

  /** Runs the hook. It ends, but for code of the engine itself that never asks whether it should. */
  async run(): Promise<SandboxEnd> {
    const engine = await this.#open();
    this.#engine = engine;
    this.#cpuAtStart = threadMilliseconds();
    this.#tell({ kind: 'begun', cpuMilliseconds: this.#cpuAtStart });
    this.#within(() => {
      const run = this.#prepare(engine);
      const loading = engine.evalCode(this.#start.code, 'plugin.js', EvalFlags.TYPE_MODULE);
      const { hook, input } = this.#start;
      engine.callFunction(run, engine.undefined, loading, engine.newString(hook), engine.newString(input));
    });
    this.#goOn();
    const result = await this.#ends.promise;
    const cpuMilliseconds = threadMilliseconds() - this.#cpuAtStart;
    return { kind: 'end', result, cpuMilliseconds, memoryBytes: this.#memory?.buffer.byteLength ?? 0 };
  }

  /** The answer to a fetch has come. */
  answer(id: number, answer: string): void {
    const deferred = this.#deferred.get(id);
    const engine = this.#engine;
    if (deferred === undefined || engine === undefined || this.#result !== undefined) return;
    this.#deferred.delete(id);
    this.#within(() => deferred.resolve(engine.newString(answer)));
    this.#goOn();
  }

  #open(): Promise<QuickJS> {
    const { limits, settings } = this.#start;
    const nanoseconds = BigInt(settings.clock ?? 0) * 1_000_000n;
    return QuickJS.create({
      wasm: this.#compiled,
      memoryLimit: limits.memoryBytes,
      maxStackSize: limits.stackBytes,
      intrinsics: (Intrinsics.ALL & ~Intrinsics.PERFORMANCE) >>> 0,
      timezoneOffset: 0,
      interruptHandler: () => this.#isOver(),
      wasi: (memory: WebAssembly.Memory) => {
        this.#memory = memory;
        return {
          clock_time_get: (_: number, __: bigint, at: number) => {
            new DataView(memory.buffer).setBigUint64(at, nanoseconds, true);
            return 0;
          },
          random_get: (at: number, length: number) => {
            new Uint8Array(memory.buffer, at, length).fill(0);
            return 0;
          },
          // EBADF: there is nothing to write to.
          fd_write: () => 8,
        };
      },
    });
  }

  /** Whether the code is to stop: it has had its time, or has nothing to do any more. */
  #isOver(): boolean {
    if (this.#result !== undefined) return true;
    this.#interrupted ||= threadMilliseconds() - this.#cpuAtStart > this.#start.limits.cpuMilliseconds;
    return this.#interrupted;
  }

  /** Gives the sandbox its surroundings. @returns the function that runs a hook */
  #prepare(engine: QuickJS): JSValueHandle {
    const { limits, settings } = this.#start;
    const log = this.#given(engine, 'log', ([level = '', text = '']) => {
      this.#log(level, text);
      return engine.undefined;
    });
    const ask = this.#given(engine, 'ask', ([request = '']) => this.#ask(engine, request));
    const settle = this.#given(engine, 'settle', ([kind = '', ...texts]) => {
      const [, , , stack = ''] = texts;
      if (stack !== '') this.#log('error', ownFrames(stack));
      this.#settle(resultOf(kind, texts));
      return engine.undefined;
    });
    const given = { ...settings, logLength: limits.logBytes, outputLength: limits.outputBytes };
    const make = engine.evalCode(prelude, 'engine.js');
    return engine.callFunction(make, engine.undefined, log, ask, settle, engine.newString(JSON.stringify(given)));
  }

  /**
   * A function of the surroundings, of texts. Errors of this side end the run: handed on, they would tell the plugin where
   * files of this machine lie.
   */
  #given(engine: QuickJS, name: string, does: (texts: readonly string[]) => JSValueHandle): JSValueHandle {
    return engine.newFunction(name, (...values) => {
      try {
        return does(values.map(String));
      } catch (error) {
        // What the plugin's own values throw when they are to be texts is the plugin's.
        if (error instanceof JSException) throw error;
        this.#settle(failureOf(error));
        return engine.undefined;
      }
    });
  }

  /** Whoever asks too often or too much is answered here: nobody outside is kept busy with it. */
  #ask(engine: QuickJS, request: string): JSValueHandle {
    const { fetches } = this.#start.limits;
    const deferred = engine.newPromise();
    const id = ++this.#fetches;
    const fault =
      id > fetches
        ? `A run may call fetch ${fetches} times.`
        : request.length > longestRequest
          ? 'The request is refused: it is too large.'
          : undefined;
    if (fault === undefined) {
      this.#deferred.set(id, deferred);
      this.#tell({ kind: 'fetch', id, request });
    } else {
      const answer = { ok: false, code: 'plugin.fetch_refused', reason: fault };
      deferred.resolve(engine.newString(JSON.stringify(answer)));
    }
    return deferred.handle;
  }

  /** A line of the log is told at once, so that a run that is ended from outside has one too; so are not more than fit. */
  #log(level: string, text: string): void {
    const { logBytes, logLines } = this.#start.limits;
    if (this.#logLines > logLines || this.#logBytes > logBytes) return;
    this.#logLines += 1;
    this.#logBytes += text.length;
    const known = (['debug', 'info', 'warn', 'error'] as const).find((name) => name === level) ?? 'log';
    this.#tell({ kind: 'log', level: known, text: text.slice(0, logBytes) });
  }

  /** The first end is the end. */
  #settle(result: SandboxResult): void {
    if (this.#result !== undefined) return;
    this.#result = this.#interrupted ? timedOut : result;
    this.#ends.resolve(this.#result);
  }

  /** Does what promises wait for; where nothing is left that could settle the run, it is over. */
  #goOn(): void {
    this.#within(() => this.#engine?.executePendingJobs());
    if (this.#result !== undefined || this.#deferred.size > 0) return;
    const reason = 'nothing is left to run, and the promise of the hook is not settled';
    this.#settle({ ok: false, code: 'plugin.unsettled', reason });
  }

  /** Has the engine do something; what it cannot go on after ends the run. */
  #within(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#settle(failureOf(error));
    }
  }
}

/** The lines of a stack that lie in the plugin. */
const ownFrames = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('engine.js'))
    .join('\n');

/** Processor time of this thread. */
function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
