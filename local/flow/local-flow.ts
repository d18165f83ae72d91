import type { JsonValue } from '../../core/digest.ts';
import type { ExecutionChange } from '../../core/events/envelope.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Flow } from '../../core/ports/flow.ts';
import type { Ids } from '../../core/ports/ids.ts';
import { childController, sleepUntil } from './deadline.ts';
import { type Definition, loadDefinition, substitute } from './definition.ts';
import { StateFailed } from './failure.ts';
import { FlowJournal } from './journal.ts';
import type { ExecutionRow, ExecutionStatus } from './journal-rows.ts';
import type { FlowParts, Run } from './run.ts';
import type { RunTaskHandler } from './run-task.ts';
import { runThread } from './run-thread.ts';
import type { ThreadRow } from './thread.ts';

export interface LocalFlowOptions {
  /** SQLite file of the executions; one engine at a time may hold it. */
  readonly file: string;
  /** The state machine's JSON text. */
  readonly definition: string;
  /** Values of its `${Name}`s. */
  readonly substitutions: Readonly<Record<string, string>>;
  /** Calls a function by the name that a substitution gave. What it throws is the state's error, by its name. */
  readonly lambda: (name: string, payload: JsonValue) => Promise<JsonValue>;
  readonly runTask: RunTaskHandler;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told of each execution's end until it once returns, after a restart too: at least once. */
  readonly onStatusChange: (change: ExecutionChange) => Promise<void>;
}

export interface LocalFlow extends Flow {
  /** Goes on with every execution that runs, and tells again of ends that were not acknowledged. */
  resume(): Promise<void>;
  /** Stops working and keeps everything stored; tasks are aborted, calls are waited for up to 10 s. */
  close(): Promise<void>;
}

/** How long close() waits for functions and tasks to come back, in milliseconds. */
const closeGrace = 10_000;

/** Delays before a listener is told again, in milliseconds; the last one repeats. */
const announceDelays = [200, 1_000, 5_000, 30_000];

/** As Step Functions limits the names of executions. */
const namePattern = /^[A-Za-z0-9_-]{1,80}$/;

const portStatus = {
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  timed_out: 'failed',
  stopped: 'stopped',
} as const satisfies Record<ExecutionStatus, Awaited<ReturnType<Flow['status']>>>;

const changeStatus = {
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  timed_out: 'TIMED_OUT',
  stopped: 'ABORTED',
} as const satisfies Record<Exclude<ExecutionStatus, 'running'>, ExecutionChange['status']>;

/**
 * Opens the executions of this machine.
 * @throws EngineError configuration.invalid where the definition holds what is not supported.
 */
export function openLocalFlow(options: LocalFlowOptions): LocalFlow {
  const current = loadDefinition(substitute(options.definition, options.substitutions));
  const definitions = new Map([[current.digest, current]]);
  const journal = new FlowJournal(options.file);
  const { clock, ids, lambda, runTask } = options;
  const parts: FlowParts = {
    journal,
    lambda,
    runTask,
    clock,
    ids,
    tokenWaiters: new Map(),
    runningTasks: new Map(),
    inFlight: new Set(),
  };
  const closing = childController();
  const running = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>();
  const announcing = new Map<string, Promise<void>>();

  const announce = (name: string): void => {
    if (announcing.has(name)) return;
    const told = tell(name).finally(() => announcing.delete(name));
    announcing.set(name, told);
  };

  const tell = async (name: string): Promise<void> => {
    for (let round = 0; !closing.signal.aborted; round += 1) {
      const execution = journal.execution(name);
      const change = execution === undefined ? undefined : changeOf(execution);
      if (change === undefined) return;
      try {
        await options.onStatusChange(change);
        if (!closing.signal.aborted) journal.acknowledge(name);
        return;
      } catch {
        // The listener says itself what is wrong with it; here only counts that it does not know yet.
        await clock.sleep(announceDelays[Math.min(round, announceDelays.length - 1)] ?? 0, closing.signal);
      }
    }
  };

  const launch = (execution: ExecutionRow, definition: Definition, root: ThreadRow): void => {
    const controller = childController(closing.signal);
    const { name, input, startedAt } = execution;
    const run: Run = { parts, name, input, startedAt, definition };
    const done = runExecution(run, root, controller).then((ended) => {
      running.delete(name);
      if (ended) announce(name);
    });
    running.set(name, { controller, done });
  };

  const definitionOf = (digest: string): Definition => {
    const known = definitions.get(digest);
    if (known !== undefined) return known;
    const text = journal.definitionText(digest);
    if (text === undefined) throw new Error(`the definition ${digest} is not stored`);
    const loaded = loadDefinition(text);
    definitions.set(digest, loaded);
    return loaded;
  };

  return {
    start: async (name, input) => {
      if (!namePattern.test(name)) throw new TypeError(`"${name}" is no name of an execution: ${namePattern.source}`);
      closing.signal.throwIfAborted();
      const startedAt = clock.now().getTime();
      const body = {
        phase: 'running' as const,
        state: current.scope.StartAt,
        input,
        variables: {},
        enteredAt: startedAt,
        retries: [],
      };
      const { digest, text } = current;
      const id = journal.begin({ name, definition: digest, text, input, startedAt }, body);
      const execution = journal.execution(name);
      if (id === undefined || execution === undefined) return 'exists';
      launch(execution, current, { id, parent: undefined, body });
      return 'started';
    },

    stop: async (name, cause) => {
      const ended = journal.end(name, { status: 'stopped', endedAt: clock.now().getTime(), cause });
      running.get(name)?.controller.abort(new Error(`the execution was stopped: ${cause}`));
      if (ended) announce(name);
    },

    status: async (name) => {
      const execution = journal.execution(name);
      return execution === undefined ? 'unknown' : portStatus[execution.status];
    },

    sendTaskSuccess: async (token, output) => {
      if (!journal.answer(token, output, clock.now().getTime())) return 'gone';
      parts.tokenWaiters.get(token)?.();
      return 'sent';
    },

    resume: async () => {
      for (const execution of journal.openExecutions()) {
        const { name } = execution;
        if (execution.status !== 'running') {
          announce(name);
          continue;
        }
        if (running.has(name)) continue;
        const root = journal.rootThread(name);
        try {
          if (root === undefined) throw new Error('its thread is not stored');
          launch(execution, definitionOf(execution.definition), root);
        } catch (thrown) {
          const cause = `cannot go on: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
          journal.end(name, { status: 'failed', endedAt: clock.now().getTime(), error: 'States.Runtime', cause });
          announce(name);
        }
      }
    },

    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort(new Error('the engine is closing'));
      await Promise.all([...running.values()].map(({ done }) => done));
      const grace = new AbortController();
      await Promise.race([
        Promise.all([...parts.inFlight, ...announcing.values()]),
        clock.sleep(closeGrace, grace.signal),
      ]);
      grace.abort();
      journal.close();
    },
  };
}

/** Runs an execution to its end and stores it; false where it was stopped or the engine closes. */
async function runExecution(run: Run, root: ThreadRow, controller: AbortController): Promise<boolean> {
  const { clock, journal } = run.parts;
  const over = new AbortController();
  const { timeoutSeconds } = run.definition;
  const { signal } = controller;
  if (timeoutSeconds !== undefined) {
    void sleepUntil(clock, run.startedAt + timeoutSeconds * 1_000, AbortSignal.any([over.signal, signal])).then(() => {
      if (!over.signal.aborted) controller.abort(new StateFailed('States.Timeout', 'the execution ran out of time'));
    });
  }
  const now = (): number => clock.now().getTime();
  try {
    const thread = { id: root.id, scope: run.definition.scope, outer: {}, signal, body: root.body, stored: true };
    const output = await runThread(run, thread);
    signal.throwIfAborted();
    return journal.end(run.name, { status: 'succeeded', endedAt: now(), output });
  } catch (thrown) {
    if (!(thrown instanceof StateFailed)) {
      if (signal.aborted) return false;
      throw thrown;
    }
    const status = thrown === signal.reason ? 'timed_out' : 'failed';
    return journal.end(run.name, { status, endedAt: now(), error: thrown.error, cause: thrown.cause });
  } finally {
    over.abort();
  }
}

function changeOf(execution: ExecutionRow): ExecutionChange | undefined {
  const { name, status, input, output, error, cause } = execution;
  if (status === 'running') return undefined;
  return {
    name,
    status: changeStatus[status],
    input,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  };
}
