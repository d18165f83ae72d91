import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { openTaskRunner } from '../../../local/tasks/task-runner.ts';
import { builderRootForTests, bundleAgent, layerOf, makeSmallTree } from '../../support/builder-parts.ts';
import { startContainedTask } from '../../support/contained.ts';
import { type StageEngine, stageStep, startStageEngine } from '../../support/stage-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lbuild-contained-task-'));
let root = '';
let agentBundle = '';
let base: Awaited<ReturnType<typeof layerOf>>;
const engines: StageEngine[] = [];

beforeAll(async () => {
  root = await builderRootForTests();
  agentBundle = await bundleAgent(folder);
  makeSmallTree(root, join(folder, 'small'));
  base = await layerOf(join(folder, 'small'), join(folder, 'base'));
}, 240_000);
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function scriptEngine(run: string): Promise<StageEngine> {
  const engine = await startStageEngine({
    steps: [stageStep({ id: 'site', program: 'script', options: { run, network: false, timeoutSeconds: 60 } })],
    base: [{ ...base.layer.reference, after: [] }],
    blobs: base.blobs,
  });
  engines.push(engine);
  return engine;
}

const script = `mkdir -p /srv/site; echo hello > /srv/site/index.html; ln /srv/site/index.html /srv/again
echo 'ops:x:1000:1000::/home/ops:/bin/sh' >> /etc/passwd; rm /etc/group /usr/bin/touch; chmod 755 /etc/passwd
echo noise > /var/log/noise; echo noise > /tmp/noise`;

/** Runs the engine's stage as a task of this machine. */
async function runLocally(mode: 'contained' | 'privileged', engine: StageEngine): Promise<void> {
  const clock = createSystemClock();
  const table = openSqliteTable({ file: ':memory:', clock });
  const runner = await openTaskRunner({
    ...{ directory: join(folder, 'tasks'), builderRoot: root, agentBundle, mode, slots: 1, table, clock },
    packageCache: undefined,
    fileOf: (path) => path,
    log: { info: () => undefined },
  });
  const { buildId, stageId, attempt } = engine.manifest;
  const request = { buildId, stageId, attempt, manifestUrl: engine.manifestUrl };
  await runner.run(request, { taskId: 'tsk_1', signal: new AbortController().signal });
  table.close();
}

describe("a task with exactly Fargate's capabilities", () => {
  it('makes the same layer as a task of this machine in either mode', async () => {
    const engine = await scriptEngine(script);
    const task = startContainedTask({ root, agentBundle, manifestUrl: engine.manifestUrl });
    expect(await task.exited, task.stderr()).toBe(0);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    const listed = execFileSync('tar', ['--zstd', '-t'], { input: engine.outputs.get('site/layer'), encoding: 'utf8' });
    expect(listed.split('\n')).toEqual([
      ...[
        'etc/.wh.group',
        'etc/passwd',
        'srv/again',
        'srv/site/',
        'srv/site/index.html',
        'usr/bin/.wh.touch',
        'var/log/noise',
        '',
      ],
    ]);
    const layer = engine.receipt('site')?.layer;
    for (const mode of ['contained', 'privileged'] as const) {
      const local = await scriptEngine(script);
      await runLocally(mode, local);
      expect(local.receipt('site')?.layer).toEqual(layer);
    }
  });

  it('leaves no container when it is killed', async () => {
    const engine = await scriptEngine('echo waiting; sleep 604');
    const task = startContainedTask({ root, agentBundle, manifestUrl: engine.manifestUrl });
    for (let round = 0; round < 300 && !engine.log().some((line) => line.text === 'waiting'); round += 1)
      await sleep(50);
    task.kill();
    expect(await task.exited).toBe(137);
    expect(engine.result()).toBeUndefined();
  });
});
