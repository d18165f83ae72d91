import { expect, it, onTestFinished } from 'vitest';
import { type PaperEngine, startPaperEngine } from '../../../bench/simulation/paper-engine.ts';
import { listAttempts } from '../../../core/builds/stage-repository.ts';
import { handle as classifyStage } from '../../../functions/orchestration/classify-stage/classify-stage.ts';
import { handle as prepareStage } from '../../../functions/orchestration/prepare-stage/prepare-stage.ts';
import { handle as settleStage } from '../../../functions/orchestration/settle-stage/settle-stage.ts';

const sound = {
  ...{ startUp: 30_000, failsToStart: false, interruptedAfter: Number.POSITIVE_INFINITY },
  ...{ lostAfter: undefined, stepFails: false },
};

/** Runs a build through the engine's own functions; `meanwhile` happens when its first builder has begun. Answers that stage. */
async function run(meanwhile: (engine: PaperEngine, buildId: string, stageId: string) => Promise<void>) {
  let met: string | undefined;
  const engine: PaperEngine = await startPaperEngine({
    ...{ seed: 1, limits: { concurrentBuilds: 1, concurrentBuildsPerTenant: 1, stagesPerBuild: 4 } },
    ...{ tableFaults: { conflict: 0, kill: 0 }, busFaults: { lost: 0, twice: 0, slowest: 100 } },
    draw: () => ({ draw: sound, stepMilliseconds: 5_000 }),
    onTask: async (buildId, stageId) => {
      if (met !== undefined) return;
      met = stageId;
      await meanwhile(engine, buildId, stageId);
    },
  });
  onTestFinished(() => engine.close());
  const id = await engine.submit('a', 'build', [[]]);
  const [build] = await engine.finish([id], 3_600_000);
  return { engine, build, stage: { buildId: id, stageId: met ?? '' } };
}

async function attemptsOf({ table }: Pick<PaperEngine, 'table'>, stage: { buildId: string; stageId: string }) {
  const attempts = await listAttempts(table, stage.buildId);
  return attempts.filter(({ value }) => value.stage === stage.stageId).map(({ value }) => value);
}

it('ends a call of PrepareStage that reads after a call in its stead prepared an attempt, and leaves that attempt alone', async () => {
  let late: unknown;
  const { engine, build, stage } = await run(async ({ ports }, buildId, stageId) => {
    // What the flow would do had it lost sight of the call that made the attempt: that one never reached a builder.
    const again = await prepareStage(ports, { buildId, stageId, attempt: 0, retry: 1 });
    expect(again).toMatchObject({ run: true, attempt: 2 });
    late = await prepareStage(ports, { buildId, stageId, attempt: 0, retry: 0 }).catch((error: unknown) => error);
    expect((await attemptsOf(ports, { buildId, stageId })).map(({ state }) => state)).toEqual(['ended', 'live']);
  });
  expect(String(late)).toBe(`Error: a later call has prepared the attempt 2 of ${stage.stageId}: this one is late`);
  // The flow knows of the first alone, whose ticket was taken: it tries again, by a call that comes after both.
  expect((await attemptsOf(engine, stage)).map(({ attempt, ending }) => [attempt, ending])).toEqual([
    [1, 'infrastructure'],
    [2, 'infrastructure'],
    [3, 'reported'],
  ]);
  expect(build?.state).toBe('succeeded');
});

it('has the service pay for an attempt that the flow never knew of', async () => {
  const { engine, stage } = await run(async ({ ports }, buildId, stageId) => {
    await prepareStage(ports, { buildId, stageId, attempt: 0, retry: 1 });
    await settleStage(ports, { buildId, stageId, attempt: 1 });
  });
  expect((await attemptsOf(engine, stage))[1]).toMatchObject({ attempt: 2, state: 'ended', ending: 'infrastructure' });
});

it('ends calls that come when the stage has come to its end', async () => {
  const { engine, build, stage } = await run(async () => undefined);
  expect(build?.state).toBe('succeeded');
  const before = await attemptsOf(engine, stage);
  const again = await prepareStage(engine.ports, { ...stage, attempt: 0, retry: 0 });
  expect(again).toEqual({ run: false, attempt: 0 });
  await expect(
    classifyStage(engine.ports, { ...stage, attempt: 1, error: 'States.TaskFailed', cause: '' }),
  ).rejects.toThrow(`the stage ${stage.stageId} is beyond its attempt 1: this call is late`);
  expect(await attemptsOf(engine, stage)).toEqual(before);
});
