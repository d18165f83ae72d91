import type { ChildProcess } from 'node:child_process';
import { sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import type { PluginCall, PluginOutcome } from '../../core/ports/plugin-runner.ts';
import { FetchBook } from './fetch-book.ts';
import { sandboxMessageSchema } from './message-schema.ts';
import type { FetchReply, SandboxEnd, SandboxResult, SandboxStart } from './messages.ts';
import type { PluginFetch } from './plugin-fetch.ts';
import { PluginLogBook } from './plugin-log.ts';
import { processorTime } from './processor-time.ts';
import { readResult } from './read-result.ts';
import { type SandboxFiles, startProcess } from './start-process.ts';

export interface ProcessRun {
  readonly files: SandboxFiles;
  readonly fetch: PluginFetch;
  readonly call: PluginCall;
  /** As JSON. */
  readonly input: string;
  readonly signal: AbortSignal;
}

/** Milliseconds between looks at a process's time, and what is left to the engine to end by itself. */
const watchMilliseconds = 100;
const graceMilliseconds = 50;

/** Milliseconds of processor time in which a process must have started, for the system, which ends it by whole seconds. */
const startMilliseconds = 2_000;

/** Bytes that are kept of what a process says when it breaks. */
const keptWords = 4_096;

/**
 * One run in a process of its own, which is gone when this has ended.
 * @throws EngineError service.unavailable where the process does not come as far as the plugin; the signal's reason
 */
export async function runInProcess(run: ProcessRun): Promise<PluginOutcome> {
  const { call, signal } = run;
  const { limits } = call;
  const started = performance.now();
  const log = new PluginLogBook(limits);
  const fetches = new FetchBook(call, run.fetch);
  const over = new AbortController();
  const ends = Promise.withResolvers<SandboxEnd>();
  const seconds = Math.ceil((limits.cpuMilliseconds + startMilliseconds) / 1_000);
  const child = startProcess(run.files, seconds);
  const words = wordsOf(child);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));

  const end = (result: SandboxResult, cpuMilliseconds = 0): void =>
    ends.resolve({ kind: 'end', result, cpuMilliseconds, memoryBytes: 0 });
  let begunAt: number | undefined;
  let spentAtLast = 0;
  // Until it has begun no plugin had a part in it.
  const broken = (result: SandboxResult): void => {
    if (begunAt === undefined) ends.reject(notStarted(words.read()));
    else end(result);
  };
  child.on('message', (value) => {
    const { data } = sandboxMessageSchema.safeParse(value);
    if (data === undefined) end(crashed('the sandbox told what it never tells'));
    else if (data.kind === 'begun') begunAt = data.cpuMilliseconds;
    else if (data.kind === 'log') log.add(data.level, data.text);
    else if (data.kind === 'fetch') void fetches.answer(data.request, over.signal).then(reply(data.id));
    else ends.resolve(data);
  });
  const reply = (id: number) => (answer: unknown) => {
    const message: FetchReply = { id, answer: JSON.stringify(answer) };
    if (!over.signal.aborted) send(child, message);
  };
  child.once('error', () => broken(crashed('the sandbox failed')));
  child.once('close', (_, by) => broken(brokenResult(by, words.read(), spentAtLast >= 700 * seconds)));
  send(child, startOf(run));

  const wall = setTimeout(() => broken(timedOut('the run took too long')), limits.wallMilliseconds);
  // Loops within the engine may never ask whether they should end.
  const watch = setInterval(async () => {
    const spent = await processorTime(child.pid ?? 0);
    spentAtLast = spent ?? spentAtLast;
    if (begunAt === undefined || spent === undefined) return;
    const own = spent - begunAt;
    if (own > limits.cpuMilliseconds + graceMilliseconds) end(timedOut('the code has used its processor time'), own);
  }, watchMilliseconds);
  const stop = (): void => ends.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const { result, cpuMilliseconds, memoryBytes } = await ends.promise;
    const figures = { log: log.read(), fetches: fetches.read(), cpuMilliseconds, memoryBytes };
    return { ...figures, milliseconds: performance.now() - started, ...readResult(result, limits) };
  } finally {
    clearTimeout(wall);
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
    over.abort();
    child.kill('SIGKILL');
    await gone;
  }
}

function notStarted(words: string): EngineError {
  const message = 'Plugins cannot be run: their process does not start.';
  return new EngineError('service.unavailable', message, { cause: new Error(words) });
}

/** Tells a process something. Where it is gone, that is seen by its end. */
function send(child: ChildProcess, message: SandboxStart | FetchReply): void {
  if (child.connected) child.send(message, () => undefined);
}

/** The begin of what a process says when it breaks: for the operator, and to tell why. */
function wordsOf(child: ChildProcess): { read(): string } {
  let text = '';
  child.stderr?.on('data', (piece: Buffer) => {
    text = (text + piece.toString('utf8')).slice(0, keptWords);
  });
  return { read: () => text };
}

function startOf({ files, call, input }: ProcessRun): SandboxStart {
  const { code, hook = '', limits, grants } = call;
  const { clock, randomSeed, fetchHosts } = grants;
  return {
    ...{ engineFile: files.engineFile, code, hook, input, limits },
    settings: {
      ...(clock === undefined ? {} : { clock: Date.parse(clock) }),
      ...(randomSeed === undefined ? {} : { random: numbersOf(randomSeed) }),
      fetch: fetchHosts.length > 0,
    },
  };
}

/** Four numbers of 32 bits that nobody tells the seed from. */
function numbersOf(seed: string): number[] {
  const digest = sha256(seed);
  return [0, 8, 16, 24].map((at) => Number.parseInt(digest.slice(at, at + 8), 16));
}

const timedOut = (reason: string): SandboxResult => ({ ok: false, code: 'plugin.timeout', reason });
const crashed = (reason: string): SandboxResult => ({ ok: false, code: 'plugin.crashed', reason });

/**
 * Why a process broke, by the signal that ended it and what it said.
 * @param hasSpent it has used most of the seconds after which the system ends it
 */
function brokenResult(by: string | null, words: string, hasSpent: boolean): SandboxResult {
  if (words.includes('heap out of memory')) {
    return { ok: false, code: 'plugin.memory', reason: 'the sandbox took more memory than its process may' };
  }
  // The system ends what has used its seconds, and what it has no memory left for.
  if (by === 'SIGXCPU' || (by === 'SIGKILL' && hasSpent)) return timedOut('the code has used its processor time');
  return crashed('the process of the sandbox ended by itself');
}
