import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildDetail } from '../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder, startTestEngine } from '../test/support/engine.ts';
import { smallSpec } from '../test/support/small-spec.ts';
import { millisecondsOutsideSteps } from './outside-steps.ts';

/**
 * `npm run bench:overhead`: the engine's own time in a build, a stage that ran: from submit to end, less what the
 * builders spent on their steps (unpacking the tree, the programs, the making of layers). What is left is planning,
 * hand-over, polling and copying. The first build is cold; in each of the others a script has changed, so that a
 * tenant and a seal stage run. The archive's state was read when the engine started, less than a minute before.
 */
const directory = engineFolder();
/** Milliseconds a stage that may pass beside the steps. Exits 1 where the cold build or the warm median is above it. */
const bound = 300;
try {
  const engine = await startTestEngine(directory);
  await sleep(3_000);
  const builds: BuildDetail[] = [];
  for (const round of [0, 1, 2, 3, 4, 5]) {
    const started = await engine.client.startBuild(smallSpec([{ id: 'site', run: `echo ${round} > /srv/round` }]));
    const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 500 });
    if (ended.state !== 'succeeded') throw new Error(`the build ${ended.state}: ${ended.failure?.reason}`);
    builds.push(ended);
  }
  await engine.stop();
  const warm: number[] = [];
  let cold = Number.POSITIVE_INFINITY;
  for (const build of builds) {
    const stages = build.stages.filter(({ attempts }) => attempts > 0);
    const sum = (member: 'restore' | 'steps') =>
      stages.reduce((total, { milliseconds }) => total + (milliseconds?.[member] ?? 0), 0);
    const wall = Date.parse(build.endedAt ?? '') - Date.parse(build.submittedAt);
    const figure = Math.round(millisecondsOutsideSteps(build) / stages.length);
    const kind = build === builds[0] ? 'cold' : 'warm';
    if (kind === 'warm') warm.push(figure);
    else cold = figure;
    console.log(
      `${kind}: ${stages.length} stages in ${wall} ms; unpacking ${sum('restore')} ms, steps ${sum('steps')} ms; ` +
        `beside them ${figure} ms a stage`,
    );
  }
  const sorted = warm.toSorted((a, b) => a - b);
  console.log(`warm: median ${sorted[2]} ms a stage, from ${sorted[0]} to ${sorted[4]}`);
  if (cold > bound || (sorted[2] ?? Number.POSITIVE_INFINITY) > bound) {
    console.error(`more than ${bound} ms a stage beside the steps`);
    process.exitCode = 1;
  }
} finally {
  removeFolder(directory);
}
