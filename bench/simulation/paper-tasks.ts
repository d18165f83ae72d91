import type { BuilderTasks } from '../../core/ports/builder-tasks.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { stoppedTask } from '../../local/flow/failure.ts';
import type { RunTaskRequest } from '../../local/flow/run-task.ts';

interface RunningTask {
  readonly taskId: string;
  readonly buildId: string;
  readonly stageId: string;
  readonly attempt: number;
  readonly startedAt: Date;
  readonly abort: AbortController;
}

/** How a task ended: its builder came to its end, was told to stop, or went. */
export type TaskEnd = 'done' | 'stopped' | 'gone';

/** The builders that run on paper. A deaf one hears neither the state machine nor its heartbeats: a stop alone ends it. */
export class PaperTasks implements BuilderTasks {
  readonly #clock: Clock;
  readonly #running = new Map<string, RunningTask>();
  readonly #listedAfter: number;
  readonly #onEnd: ((task: RunningTask, end: TaskEnd) => void) | undefined;
  /** Tasks that have started. */
  count = 0;

  /** @param listedAfter milliseconds until a task is listed: ECS lists them late */
  constructor(clock: Clock, listedAfter = 0, onEnd?: (task: RunningTask, end: TaskEnd) => void) {
    this.#clock = clock;
    this.#listedAfter = listedAfter;
    this.#onEnd = onEnd;
  }

  async stop(taskId: string): Promise<void> {
    this.#running.get(taskId)?.abort.abort(stoppedTask(taskId, 'UserInitiated', 'The engine stopped it'));
  }

  async running() {
    const before = this.#clock.now().getTime() - this.#listedAfter;
    return [...this.#running.values()]
      .filter(({ startedAt }) => startedAt.getTime() <= before)
      .map(({ abort: _, ...task }) => task);
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Runs a builder as a task. What the state machine waits for ends with its signal, though a deaf builder goes on.
   * @throws what the builder throws; the signal's reason
   */
  async run<T>(
    { buildId, stageId, attempt }: RunTaskRequest,
    { taskId, signal, deaf }: { readonly taskId: string; readonly signal: AbortSignal; readonly deaf: boolean },
    builder: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const task = { taskId, buildId, stageId, attempt, startedAt: this.#clock.now(), abort: new AbortController() };
    this.count += 1;
    this.#running.set(taskId, task);
    const heard = deaf ? task.abort.signal : AbortSignal.any([signal, task.abort.signal]);
    const over = (end: TaskEnd): void => {
      this.#running.delete(taskId);
      this.#onEnd?.(task, heard.aborted ? 'stopped' : end);
    };
    const running = builder(heard);
    running.then(
      () => over('done'),
      () => over('gone'),
    );
    return deaf ? untilAborted(running, signal) : running;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    // Whoever hears of its end is told by the task itself.
    work.catch(() => undefined);
  }
}
