import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Warmth } from '../../core/builds/manifest.ts';
import { findAttempt } from '../../core/builds/stage-repository.ts';
import type { JsonValue, Sha256 } from '../../core/digest.ts';
import type { BuilderTasks } from '../../core/ports/builder-tasks.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Table } from '../../core/ports/table.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { TaskFailed } from '../flow/failure.ts';
import { Slots } from './slots.ts';
import { SpareTasks } from './spare-tasks.ts';
import { describeTask, type TaskEnd } from './task-description.ts';
import { linkInputs, removeAllTaskFolders, removeTaskFolder } from './task-folder.ts';
import { notStartedCode } from './task-process.ts';

export interface TaskRunnerOptions {
  /** Holds a folder for each running task; what is in it when the runner opens is removed. */
  readonly directory: string;
  readonly builderRoot: string;
  /** The agent as one file (containers/builder/agent/main.ts, bundled). */
  readonly agentBundle: string;
  readonly mode: 'contained' | 'privileged';
  /** Tasks that run at once; others wait. */
  readonly slots: number;
  /** Verified packages that service stages share; no other stage sees it. */
  readonly packageCache: string | undefined;
  /** The web proxy of archives and scripts. */
  readonly proxy?: WebProxy | undefined;
  /** Where the attempts are: what each may read, and its trust class. */
  readonly table: Table;
  /** File of an object in the work bucket. @throws Error where it is absent */
  fileOf(path: string): string;
  readonly clock: Clock;
  readonly log: { info(message: string, facts: Readonly<Record<string, string | number>>): void };
}

/** What the runner takes of the flow's request. */
export interface TaskRequest {
  readonly buildId: string;
  readonly stageId: string;
  readonly attempt: number;
  readonly manifestUrl: string;
}

export interface TaskRunner extends BuilderTasks {
  /**
   * Runs one task to its end and answers its description.
   * @throws TaskFailed States.TaskFailed with the description as its cause, where it did not exit with 0
   */
  run(request: TaskRequest, control: { readonly taskId: string; readonly signal: AbortSignal }): Promise<JsonValue>;
  /**
   * The file that a running task hands over for an object of its attempt; undefined where it may not.
   * @param path of the object in the work bucket
   * @param name of the file in the task's folder of outputs
   */
  handedOver?(path: string, name: string): string | undefined;
  /**
   * Lets what waits for a service stage make ready what it likely begins with.
   * @param blobs digest to path of each in the work bucket
   */
  warm?(warmth: Warmth, blobs: ReadonlyMap<Sha256, string>): Promise<void>;
  /** Ends all tasks. */
  close(): Promise<void>;
}

interface RunningTask {
  readonly request: TaskRequest;
  readonly startedAt: Date;
  /** Aborted to end the task; its reason is text for people. */
  readonly stopping: AbortController;
  ended: Promise<unknown>;
  /** No tenant code runs in it. */
  handsOver: boolean;
}

/** Runs builder tasks as processes of this machine, each in namespaces of its own. */
export async function openTaskRunner(options: TaskRunnerOptions): Promise<TaskRunner> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  await removeAllTaskFolders(options.directory);
  const slots = new Slots(options.slots);
  const spares = new SpareTasks(options);
  const tasks = new Map<string, RunningTask>();

  const stop = async (taskId: string, reason: string) => {
    const task = tasks.get(taskId);
    task?.stopping.abort(reason);
    await task?.ended.catch(() => undefined);
  };

  return {
    stop,
    run(request, control) {
      const stopping = new AbortController();
      const task: RunningTask = {
        request,
        startedAt: options.clock.now(),
        stopping,
        ended: Promise.resolve(),
        handsOver: false,
      };
      tasks.set(control.taskId, task);
      const abort = () => stopping.abort('the execution was stopped');
      if (control.signal.aborted) abort();
      control.signal.addEventListener('abort', abort, { once: true });
      const gone = Promise.withResolvers<void>();
      task.ended = gone.promise.finally(() => {
        control.signal.removeEventListener('abort', abort);
        tasks.delete(control.taskId);
      });
      const mayHandOver = () => {
        task.handsOver = true;
      };
      return runTask(options, slots, spares, request, control.taskId, stopping.signal, gone.resolve, mayHandOver);
    },
    handedOver(path, name) {
      const place = /^staging\/([^/]+)\/([^/]+)\/(\d+)\//.exec(path);
      if (place === null || !/^[0-9]{1,4}\/[a-z][a-z.]{0,40}$/.test(name)) return undefined;
      for (const [taskId, { request, handsOver }] of tasks) {
        const fits =
          request.buildId === place[1] && request.stageId === place[2] && request.attempt === Number(place[3]);
        if (fits && handsOver) return fileInside(join(options.directory, taskId, 'outputs'), name);
      }
      return undefined;
    },
    warm: async (warmth, blobs) => {
      // A layer without a module goes through the agent itself, which is no work to do beside a task.
      if (warmth.modules.length < warmth.base.length && tasks.size > 0) return;
      await spares.warm('service', warmth, inputFiles(options, Object.fromEntries(blobs)));
    },
    running: async () =>
      [...tasks].map(([taskId, { request, startedAt }]) => {
        const { buildId, stageId, attempt } = request;
        return { taskId, buildId, stageId, attempt, startedAt };
      }),
    close: async () => {
      await Promise.all([...tasks.keys()].map((taskId) => stop(taskId, 'the engine is being stopped')));
      await spares.close();
    },
  };
}

/** The place of a file in a folder's folder; undefined where that one is absent, or leads elsewhere by a symlink. */
function fileInside(outputs: string, name: string): string | undefined {
  const [folder = '', file = ''] = name.split('/');
  try {
    const place = join(realpathSync(outputs), folder);
    return realpathSync(place) === place ? join(place, file) : undefined;
  } catch {
    return undefined;
  }
}

function failed(end: TaskEnd): TaskFailed {
  return new TaskFailed('States.TaskFailed', JSON.stringify(describeTask(end)));
}

async function runTask(
  options: TaskRunnerOptions,
  slots: Slots,
  spares: SpareTasks,
  request: TaskRequest,
  taskId: string,
  stopping: AbortSignal,
  gone: () => void,
  mayHandOver: () => void,
): Promise<JsonValue> {
  const stopped = () => failed({ taskId, stopCode: 'UserInitiated', reason: String(stopping.reason) });
  const giveBack = await slots.take(stopping).catch(() => {
    gone();
    throw stopped();
  });
  const path = join(options.directory, taskId);
  const clear = async (): Promise<void> => {
    try {
      await removeTaskFolder(path);
    } finally {
      gone();
    }
  };
  let clearing = false;
  try {
    const attempt = await findAttempt(options.table, request.buildId, request.stageId, request.attempt);
    if (stopping.aborted) throw stopped();
    const trust = attempt?.value.trust ?? 'tenant';
    const { process: task } = await spares.take(trust, taskId);
    if (trust !== 'tenant') mayHandOver();
    await linkInputs(path, inputFiles(options, attempt?.value.blobs ?? {}));
    task.begin(request.manifestUrl);
    const stop = () => void task.stop();
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
    const end = await task.reported;
    stopping.removeEventListener('abort', stop);
    if (end === 'reported') {
      clearing = true;
      // Its result is stored: the execution goes on while the kernel takes the task's world down.
      task
        .stop()
        .then(clear)
        .catch((error: unknown) => options.log.info('a task could not be cleared', { taskId, reason: String(error) }));
      const reason = 'The agent stored its result and exited';
      return describeTask({ taskId, stopCode: 'EssentialContainerExited', reason, exitCode: 0 });
    }
    const exitCode = end;
    if (stopping.aborted) throw stopped();
    options.log.info('task ended badly', { taskId, exitCode, stderr: task.complaint });
    if (exitCode === notStartedCode) {
      throw failed({ taskId, stopCode: 'TaskFailedToStart', reason: `The task could not start: ${task.complaint}` });
    }
    throw failed({
      ...{ taskId, exitCode },
      stopCode: 'EssentialContainerExited',
      reason: 'Essential container in task exited',
      ...(exitCode === 137 ? { containerReason: 'The agent was killed' } : {}),
    });
  } finally {
    if (!clearing) await clear();
    giveBack();
  }
}

function inputFiles(options: TaskRunnerOptions, blobs: Readonly<Record<Sha256, string>>): Map<Sha256, string> {
  const files = new Map<Sha256, string>();
  for (const [digest, place] of Object.entries(blobs)) {
    try {
      files.set(digest, options.fileOf(place));
    } catch {
      // Not on this machine: the agent downloads it.
    }
  }
  return files;
}
