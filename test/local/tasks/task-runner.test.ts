import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  failureOf,
  processesOf,
  startTask,
  taskFolders,
  until,
  untilSaid,
  useTaskBench,
} from '../../support/task-bench.ts';

const bench = useTaskBench();

describe.each(['contained', 'privileged'] as const)('a task in mode %s', (mode) => {
  it('runs its stage and uploads layer, index, receipt and result', async () => {
    const runner = await bench.openRunner(mode);
    const engine = await bench.scriptEngine('mkdir -p /srv/site; echo hello > /srv/site/index.html; echo done');
    const description = await startTask(runner, engine);
    expect(description).toMatchObject({ Containers: [{ ExitCode: 0 }], StopCode: 'EssentialContainerExited' });
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    expect([...engine.outputs.keys()].sort()).toEqual(['-/result', 'log', 'site/index', 'site/layer', 'site/receipt']);
    expect(engine.log().map((line) => line.text)).toContain('done');
    await until(() => taskFolders(join(bench.folder, 'tasks')).length === 0, 5_000);
  });

  it('makes the same layer on disk as on tmpfs', async () => {
    const layers: unknown[] = [];
    // 64 tasks may share the memory: then none gets a tmpfs.
    for (const slots of [1, 64]) {
      const runner = await bench.openRunner(mode, slots);
      const engine = await bench.scriptEngine('echo hello > /srv/hello; ln /srv/hello /srv/again; rm /etc/group');
      await startTask(runner, engine);
      layers.push(engine.receipt('site')?.layer);
      await runner.close();
    }
    expect(layers[0]).toBeDefined();
    expect(layers[1]).toEqual(layers[0]);
  });

  it('is lost, not failed, where a script kills the agent', async () => {
    const runner = await bench.openRunner(mode);
    const engine = await bench.scriptEngine('kill -9 -1; sleep 30');
    expect(await failureOf(startTask(runner, engine))).toMatchObject({
      StopCode: 'EssentialContainerExited',
      Containers: [{ Name: 'builder', ExitCode: 137 }],
    });
    expect(engine.result()).toBeUndefined();
  });
});

describe('a task', () => {
  it('answers exit code 0 where a script fails, with code, exit code and the last lines in its result', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('echo before; echo broken >&2; exit 7');
    const description = await startTask(runner, engine);
    expect(description).toMatchObject({ Containers: [{ ExitCode: 0 }] });
    const result = engine.result();
    expect(result).toMatchObject({ outcome: 'failed', failure: { step: 'site', code: 'script.failed', exitCode: 7 } });
    expect(result?.failure?.logTail.slice(-2)).toEqual(['before', 'broken']);
    expect(engine.outputs.has('site/receipt')).toBe(false);
  });

  it('uploads again where the store is busy, with a new signed request', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('echo hello > /srv/hello');
    engine.failUploads.push(503, 403);
    await startTask(runner, engine);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    expect(engine.outputs.has('site/receipt')).toBe(true);
  });

  it('writes no result where the store refuses an output', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('sleep 3; echo hello > /srv/hello');
    engine.refuseOutputs = true;
    expect(await failureOf(startTask(runner, engine))).toMatchObject({ Containers: [{ ExitCode: 70 }] });
    expect(engine.result()).toBeUndefined();
  });

  it('ends daemons of a script with its step', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine(
      "setsid sh -c 'sleep 1000 & sleep 1000' </dev/null >/dev/null 2>&1 & echo started; echo more",
    );
    await startTask(runner, engine);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    expect(engine.log().map((line) => line.text)).toContain('more');
  });

  it('learns of cancellation by its heartbeat and ends the script', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('echo waiting; sleep 600');
    const ended = startTask(runner, engine);
    await untilSaid(engine, 'waiting');
    const began = Date.now();
    engine.cancelled = true;
    await ended;
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(engine.result()).toMatchObject({ outcome: 'failed', failure: { code: 'build.cancelled', step: 'site' } });
  });

  it('ends at once where its ticket is refused', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('echo waiting; sleep 600');
    const ended = startTask(runner, engine);
    await untilSaid(engine, 'waiting');
    engine.ticketEnded = true;
    expect(await failureOf(ended)).toMatchObject({ Containers: [{ ExitCode: 77 }] });
  });

  it('is gone within 5 seconds when it is stopped, its whole tree of processes included', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine("trap '' TERM; echo waiting; sleep 601");
    const ended = startTask(runner, engine);
    await untilSaid(engine, 'waiting');
    expect(await runner.running()).toMatchObject([{ taskId: 'tsk_1', stageId: 's0', attempt: 1 }]);
    expect(processesOf('601')).not.toEqual([]);
    const began = Date.now();
    await runner.stop('tsk_1', 'cancelled');
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await failureOf(ended)).toMatchObject({ StopCode: 'UserInitiated', StoppedReason: 'cancelled' });
    expect(processesOf('601')).toEqual([]);
    expect(await runner.running()).toEqual([]);
  });

  it('keeps its log under the cap and says that it is full', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done', {
      limits: { logBytes: 20_000 },
    });
    await startTask(runner, engine);
    expect(engine.outputs.get('log')?.length).toBeLessThanOrEqual(20_000);
    expect(engine.log().at(-1)?.text).toMatch(/limit of 20000 bytes/);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('waits for a slot', async () => {
    const runner = await bench.openRunner('contained', 1);
    const first = await bench.scriptEngine('echo waiting; sleep 600');
    const second = await bench.scriptEngine('true');
    const one = failureOf(startTask(runner, first, 'tsk_1'));
    await untilSaid(first, 'waiting');
    const two = startTask(runner, second, 'tsk_2');
    await sleep(300);
    expect(existsSync(join(bench.folder, 'tasks/tsk_2'))).toBe(false);
    await runner.stop('tsk_1', 'enough');
    await one;
    await two;
    expect(second.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('leaves nothing where the engine is killed', async () => {
    const engine = await bench.scriptEngine('echo waiting; setsid sleep 602 & sleep 602');
    const directory = join(bench.folder, 'killed');
    const { buildId, stageId, attempt } = engine.manifest;
    const parent = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'engine-to-kill.ts'),
        JSON.stringify({
          ...bench.parts,
          directory,
          request: { buildId, stageId, attempt, manifestUrl: engine.manifestUrl },
        }),
      ],
      { stdio: 'inherit' },
    );
    try {
      await untilSaid(engine, 'waiting');
      expect(processesOf('602').length).toBeGreaterThan(1);
      expect(taskFolders(directory)).toEqual(['tsk_killed']);
    } finally {
      parent.kill('SIGKILL');
    }
    await until(() => processesOf('602').length === 0, 5_000);
    await until(() => processesOf(directory).length === 0, 5_000);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(directory);
    await bench.openRunner('contained', 1, directory);
    expect(taskFolders(directory)).toEqual([]);
  });

  it('lets a waiting builder unpack tars, which goes through the agent, only while no task runs', async () => {
    const runner = await bench.openRunner('contained');
    const engine = await bench.scriptEngine('echo waiting; sleep 600');
    const blob = join(bench.folder, 'blob');
    writeFileSync(blob, 'blob');
    const digest = 'a'.repeat(64);
    const warmth = { base: engine.manifest.base, modules: [] };
    const inputs = () =>
      readdirSync(join(bench.folder, 'tasks'))
        .filter((name) => name.startsWith('spare-'))
        .flatMap((name) => readdirSync(join(bench.folder, 'tasks', name, 'inputs')));
    const ended = failureOf(startTask(runner, engine));
    await untilSaid(engine, 'waiting');
    await runner.warm?.(warmth, new Map([[digest, blob]]));
    expect(inputs()).toEqual([]);
    await runner.stop('tsk_1', 'enough');
    await ended;
    await runner.warm?.(warmth, new Map([[digest, blob]]));
    expect(inputs()).toEqual([digest]);
  });
});
