import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { type StoppedTask, stoppedTaskSchema } from '../../core/builds/flow-messages.ts';
import type { ManifestStep } from '../../core/builds/manifest.ts';
import { TaskFailed } from '../../local/flow/failure.ts';
import { openTaskRunner, type TaskRunner } from '../../local/tasks/task-runner.ts';
import { builderRootForTests, bundleAgent, layerOf, makeSmallTree } from './builder-parts.ts';
import { type StageEngine, stageStep, startStageEngine } from './stage-engine.ts';

/** Runs scripts on a small tree as tasks of this machine. Registers vitest's hooks, which end all it starts. */
export function useTaskBench() {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-tasks-'));
  const clock = createSystemClock();
  const table = openSqliteTable({ file: ':memory:', clock });
  const opened: TaskRunner[] = [];
  const engines: StageEngine[] = [];
  const parts = { builderRoot: '', agentBundle: '' };
  let base: Awaited<ReturnType<typeof layerOf>> | undefined;

  beforeAll(async () => {
    parts.builderRoot = await builderRootForTests();
    parts.agentBundle = await bundleAgent(folder);
    makeSmallTree(parts.builderRoot, join(folder, 'small'));
    base = await layerOf(join(folder, 'small'), join(folder, 'base'));
  }, 240_000);
  afterEach(async () => {
    for (const runner of opened.splice(0)) await runner.close();
    for (const engine of engines.splice(0)) await engine.close();
  });
  afterAll(() => {
    table.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    folder,
    parts,
    /** Where the runner finds the attempts; a stage without one is taken for a tenant's. */
    table,
    async openRunner(mode: 'contained' | 'privileged', slots = 2, directory = join(folder, 'tasks')) {
      const runner = await openTaskRunner({
        ...{ ...parts, directory, mode, slots, table, clock },
        packageCache: undefined,
        fileOf: (path) => path,
        log: { info: () => undefined },
      });
      opened.push(runner);
      return runner;
    },
    /** The engine of a stage of one script. */
    async scriptEngine(run: string, options: { limits?: { logBytes: number }; network?: boolean } = {}) {
      const { limits, network = false } = options;
      const script = stageStep({ id: 'site', program: 'script', options: { run, network, timeoutSeconds: 60 } });
      return this.stageEngine([script], limits === undefined ? {} : { limits });
    },
    /** The engine of a stage of steps; `blobs` are given out beside the base. */
    async stageEngine(
      steps: readonly ManifestStep[],
      more: { limits?: { logBytes: number }; blobs?: ReadonlyMap<string, Buffer> } = {},
    ) {
      if (base === undefined) throw new Error('the bench is not set up yet');
      const engine = await startStageEngine({
        steps,
        base: [{ ...base.layer.reference, after: [] }],
        blobs: new Map([...base.blobs, ...(more.blobs ?? [])]),
        ...(more.limits === undefined ? {} : { limits: more.limits }),
      });
      engines.push(engine);
      return engine;
    },
  };
}

/** Starts an engine's stage as a task. */
export function startTask(runner: TaskRunner, engine: StageEngine, taskId = 'tsk_1') {
  const { buildId, stageId, attempt } = engine.manifest;
  const { signal } = new AbortController();
  return runner.run({ buildId, stageId, attempt, manifestUrl: engine.manifestUrl }, { taskId, signal });
}

/** What a task that ended badly says. @throws Error where it ended well or in another way */
export async function failureOf(ended: Promise<unknown>): Promise<StoppedTask> {
  const failure = await ended.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof TaskFailed) || failure.error !== 'States.TaskFailed') {
    throw new Error('the task did not fail', { cause: failure });
  }
  return stoppedTaskSchema.parse(JSON.parse(failure.cause));
}

/** Processes of this machine whose command line holds the mark. */
export function processesOf(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark);
      } catch {
        return false;
      }
    });
}

/** Waits until something is so. @throws Error where it does not come to pass in time */
export async function until(condition: () => boolean, milliseconds = 20_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !condition(); await sleep(20)) {
    if (Date.now() > end) throw new Error('it did not come to pass in time');
  }
}

/** Waits until a script has printed a line. */
export async function untilSaid(engine: StageEngine, text: string): Promise<void> {
  await until(() => engine.log().some((line) => line.text === text));
}

/** Folders of the tasks that a runner runs; its spares wait beside them. */
export function taskFolders(directory: string): string[] {
  return readdirSync(directory).filter((name) => !name.startsWith('spare-'));
}
