import { setTimeout as sleep } from 'node:timers/promises';
import { findAttempt } from '../../core/builds/stage-repository.ts';
import type { JsonValue } from '../../core/digest.ts';
import type { OpenRunner } from '../../local/engine.ts';
import { TaskFailed } from '../../local/flow/failure.ts';
import { Slots } from '../../local/tasks/slots.ts';
import { describeTask, type TaskEnd } from '../../local/tasks/task-description.ts';
import type { TaskRequest, TaskRunnerOptions } from '../../local/tasks/task-runner.ts';
import { type ContainedTask, startContainedTask } from './contained.ts';

interface RunningContainer {
  readonly request: TaskRequest;
  readonly startedAt: Date;
  readonly stopping: AbortController;
  ended: Promise<JsonValue>;
}

/** A stage that ran in a container, and the container's exit code. */
export interface ContainerRun {
  readonly stageId: string;
  readonly trust: string;
  readonly exitCode: number;
}

/**
 * Runs each task in a container of its own that has exactly Fargate's capabilities (contained.ts refuses any other
 * set). It gets nothing but the manifest's address, as on Fargate: inputs are downloaded. Only service stages see the
 * package cache, as on this machine.
 * @param runs gets an entry for each container that ended by itself
 */
export function podmanRunner(runs: ContainerRun[]): OpenRunner {
  return async (options) => {
    const slots = new Slots(options.slots);
    const tasks = new Map<string, RunningContainer>();
    const stop = async (taskId: string, reason: string) => {
      tasks.get(taskId)?.stopping.abort(reason);
      await tasks.get(taskId)?.ended.catch(() => undefined);
    };
    return {
      stop,
      async run(request, { taskId, signal }) {
        const stopping = new AbortController();
        const both = AbortSignal.any([signal, stopping.signal]);
        const ended = runContainer(options, slots, { request, taskId, signal: both }, runs);
        tasks.set(taskId, { request, startedAt: options.clock.now(), stopping, ended });
        return ended.finally(() => tasks.delete(taskId));
      },
      running: async () =>
        [...tasks].map(([taskId, { request, startedAt }]) => {
          const { buildId, stageId, attempt } = request;
          return { taskId, buildId, stageId, attempt, startedAt };
        }),
      close: async () => {
        await Promise.all([...tasks.keys()].map((taskId) => stop(taskId, 'the engine is being stopped')));
      },
    };
  };
}

async function runContainer(
  options: TaskRunnerOptions,
  slots: Slots,
  task: { readonly request: TaskRequest; readonly taskId: string; readonly signal: AbortSignal },
  runs: ContainerRun[],
): Promise<JsonValue> {
  const { request, taskId, signal } = task;
  const giveBack = await slots.take(signal);
  try {
    const attempt = await findAttempt(options.table, request.buildId, request.stageId, request.attempt);
    if (attempt === undefined) throw new Error('the attempt is not stored');
    const { trust } = attempt.value;
    const cache = trust === 'service' ? options.packageCache : undefined;
    const container = startContainedTask({
      root: options.builderRoot,
      agentBundle: options.agentBundle,
      manifestUrl: request.manifestUrl,
      ...(cache === undefined ? {} : { env: { LBUILD_PACKAGE_CACHE: '/packages' }, volumes: { [cache]: '/packages' } }),
    });
    const exitCode = await endOf(container, signal);
    if (signal.aborted) throw failed({ taskId, stopCode: 'UserInitiated', reason: String(signal.reason) });
    runs.push({ stageId: request.stageId, trust, exitCode });
    const end = { taskId, stopCode: 'EssentialContainerExited', reason: container.stderr(), exitCode } as const;
    if (exitCode !== 0) throw failed(end);
    return describeTask(end);
  } finally {
    giveBack();
  }
}

/** Waits for a container's end, and hastens it once the signal is there; podman is slow to have it ready to be killed. */
async function endOf(container: ContainedTask, signal: AbortSignal): Promise<number> {
  const over = new AbortController();
  const hasten = async () => {
    while (!over.signal.aborted) {
      container.kill();
      await sleep(500);
    }
  };
  const begin = () => void hasten();
  signal.addEventListener('abort', begin, { once: true });
  if (signal.aborted) begin();
  try {
    return await container.exited;
  } finally {
    over.abort();
    signal.removeEventListener('abort', begin);
  }
}

function failed(end: TaskEnd): TaskFailed {
  return new TaskFailed('States.TaskFailed', JSON.stringify(describeTask(end)));
}
