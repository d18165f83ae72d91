import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { isGone, leftoversOf } from '../support/leftovers.ts';
import { smallSpec } from '../support/small-spec.ts';

/** Where the kill comes: the step that must be at work, and how far it must be. */
const moments = [
  { name: 'bootstrap', step: 'bootstrap' },
  { name: 'script', step: 'slow' },
  { name: 'export', step: 'tar' },
] as const;

/** A build whose scripts no other moment's has: what is below them is cached once it was made. */
const specFor = (moment: string) =>
  smallSpec([
    { id: 'first', run: `echo ${moment} > /srv/first` },
    // Bytes that do not compress keep the export at work long enough to be caught.
    { id: 'slow', run: `head -c ${moment === 'export' ? 200_000_000 : 1_000_000} /dev/urandom > /srv/slow; sleep 3` },
  ]);

describe.each(['engine', 'agent'] as const)('kill -9 of the %s', (victim) => {
  const directory = engineFolder();
  afterAll(() => removeFolder(directory));

  it.each(moments)('during the $name: the build succeeds, and only that step runs again', async ({ name, step }) => {
    let engine = await startTestEngine(directory);
    try {
      const started = await engine.client.startBuild(specFor(name));
      await untilRunning(engine, started.id, step);
      if (victim === 'engine') {
        await engine.kill();
        // The task is bound to the engine: it is gone as soon as the kernel has reaped it.
        await sleep(1_000);
        expect(leftoversOf(directory)).toMatchObject({ processes: [], mounts: [] });
        engine = await startTestEngine(directory);
      } else {
        process.kill(agentOf(directory), 'SIGKILL');
      }
      const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
      expect(ended.failure).toBeUndefined();
      expect(ended.state).toBe('succeeded');
      const attempts = attemptsOf(ended);
      console.log(`${victim} killed during ${step}; attempts: ${JSON.stringify(attempts)}`);
      expect(attempts).toEqual(expectedAttempts(ended, step));
      await engine.stop();
      expect(leftoversOf(directory)).toEqual({ processes: [], mounts: [], folders: [] });
    } finally {
      await engine.kill();
    }
  });
});

/** Waits until the step is at work. An export is quick: it is caught as soon as its stage's builder is there. */
async function untilRunning(engine: TestEngine, id: string, step: string): Promise<void> {
  for (;;) {
    const build = await engine.client.getStatus(id);
    if (build.ended) throw new Error(`the build ended before ${step} was seen: ${build.state}`);
    const found = build.stages.flatMap((stage) => stage.steps).find((candidate) => candidate.id === step);
    if (found?.state === 'running') return;
    await sleep(20);
  }
}

/**
 * The attempt that did each step that was not cached: what an interrupted attempt had finished is kept under its number.
 */
function attemptsOf(build: BuildDetail): Record<string, number> {
  const ran = build.stages.flatMap((stage) => stage.steps.filter(({ hit }) => !hit));
  return Object.fromEntries(ran.map((step) => [step.id, step.attempt]));
}

/** Everything by the first attempt, but for the interrupted step and what follows it in its stage. */
function expectedAttempts(build: BuildDetail, interrupted: string): Record<string, number> {
  return Object.fromEntries(
    build.stages.flatMap((stage) => {
      const from = stage.steps.findIndex((step) => step.id === interrupted);
      return stage.steps.flatMap(({ id, hit }, position) => (hit ? [] : [[id, from >= 0 && position >= from ? 2 : 1]]));
    }),
  );
}

/** Process id of the agent of the one task that runs in an engine's folder. */
function agentOf(directory: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const inside = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`${directory}/tasks/tsk_`);
      if (inside && command[0] === '/opt/lbuild/node') return Number(pid);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  throw new Error('no agent is running');
}
