import { afterAll, expect, it } from 'vitest';
import { readStageResult } from '../../core/builds/receipts.ts';
import { listAttempts } from '../../core/builds/stage-repository.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, inspectStores, removeFolder, startTestEngine } from '../support/engine.ts';
import { smallSpec } from '../support/small-spec.ts';

const directory = engineFolder();
afterAll(() => removeFolder(directory));

/** Milliseconds a stage that may pass outside the work of its steps: planning, hand-over, polling, copying. */
const bound = 300;

/**
 * From submit to end, less what the builders spent on their steps: unpacking the tree, the programs, and the making of
 * layers. What is left, over the stages that ran, is the engine's own time.
 */
it('the engine spends at most 300 ms a stage beside the steps', async () => {
  const engine = await startTestEngine(directory);
  const builds: BuildDetail[] = [];
  // The first is cold; each of the others changes its script, so that a tenant and a seal stage run.
  for (const round of [0, 1, 2, 3, 4]) {
    const started = await engine.client.startBuild(smallSpec([{ id: 'site', run: `echo ${round} > /srv/round` }]));
    const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
    expect(ended.failure).toBeUndefined();
    builds.push(ended);
  }
  await engine.stop();
  const stores = await inspectStores(directory);
  const figures: number[] = [];
  for (const build of builds) {
    const attempts = await listAttempts(stores.table, build.id);
    const results = await Promise.all(attempts.map(({ value }) => readStageResult(stores.blobs, build.id, value)));
    const work = results.reduce(
      (sum, result) => sum + (result?.milliseconds.steps ?? 0) + (result?.milliseconds.restore ?? 0),
      0,
    );
    const wall = Date.parse(build.endedAt ?? '') - Date.parse(build.submittedAt);
    const figure = Math.round((wall - work) / attempts.length);
    console.log(
      `${attempts.length} stages ran in ${wall} ms, ${work} ms of it in steps: ${figure} ms a stage beside them; ` +
        results.map((result) => JSON.stringify(result?.milliseconds)).join(' '),
    );
    figures.push(figure);
  }
  await stores.close();
  const median = figures.toSorted((a, b) => a - b)[2];
  expect(median).toBeLessThanOrEqual(bound);
});
