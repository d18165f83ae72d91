import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildDetail } from '../../../sdk/generated/types.gen.ts';
import { startTestEngine, type TestEngine } from '../../../test/support/engine.ts';
import { millisecondsOutsideSteps } from '../../outside-steps.ts';
import { ToolFailure } from '../private-root.ts';
import { addedPackage, type OutputKind, referenceSpec } from '../reference.ts';
import type { Scenario } from '../results.ts';
import type { Ground, Measured, Series } from '../series.ts';

/** Milliseconds between two questions to the engine: a cold build needs no finer clock. */
const polling: Readonly<Record<Scenario, number>> = { cold: 200, unchanged: 10, changed: 20, added: 20 };
/** An engine has been running for a while when somebody builds: what it does at its start is over by then. */
const settling = 3_000;

/**
 * Our engine as users run it: a process of its own, asked through the SDK. A measurement is from the submission until
 * the artifact is listed with its checksum and its download answers; whether the bytes fit is verified after it.
 * @param place where the engine's folder is: with everything of the others, or on the disk in any case. Its builders have
 * their trees in memory where there is enough of it; that is the engine's own choice.
 */
export function ourSeries(output: OutputKind, place: 'ground' | 'disk'): Series {
  return {
    name: place === 'ground' ? `ours-${output}` : `ours-${output}-disk`,
    title: place === 'ground' ? 'this engine' : 'this engine, its folder on the disk',
    output,
    scenarios: ['cold', 'unchanged', 'changed', 'added'],
    begin: async (ground) => {
      await warmPackages(ground);
      const folder = place === 'ground' ? ground.work : ground.workOnDisk;
      const engine = await startEngine(ground, join(folder, 'engine'), ground.packageCache);
      return {
        measure: async (scenario) => {
          const state = scenario === 'cold' || scenario === 'unchanged' ? 0 : 1;
          const spec = referenceSpec([output], state, scenario === 'added' ? [addedPackage] : []);
          return measureBuild(engine, spec, {
            poll: polling[scenario],
            downloads: join(folder, 'downloads'),
            timeoutSeconds: ground.timeoutSeconds,
          });
        },
        close: () => engine.stop(),
      };
    },
  };
}

async function startEngine(ground: Ground, directory: string, packageCache: string): Promise<TestEngine> {
  mkdirSync(directory, { recursive: true });
  const { debian, security } = ground.archives;
  const options = ['--archive', debian, '--archive-security', security, '--package-cache', packageCache];
  const engine = await startTestEngine(directory, options);
  await sleep(settling);
  return engine;
}

/** Fills the package cache by a build of everything that will be asked for, in an engine that is thrown away. */
async function warmPackages(ground: Ground): Promise<void> {
  if (existsSync(ground.packageCache)) return;
  const directory = join(ground.work, 'first-engine');
  const filling = `${ground.packageCache}.part`;
  const engine = await startEngine(ground, directory, filling);
  try {
    const downloads = join(directory, 'downloads');
    const { timeoutSeconds } = ground;
    const spec = referenceSpec(['iso', 'raw'], 0, [addedPackage]);
    await measureBuild(engine, spec, { poll: 500, downloads, timeoutSeconds });
  } finally {
    await engine.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  renameSync(filling, ground.packageCache);
}

async function measureBuild(
  engine: TestEngine,
  spec: ReturnType<typeof referenceSpec>,
  options: { readonly poll: number; readonly downloads: string; readonly timeoutSeconds: number },
): Promise<Measured> {
  const { client } = engine;
  const began = performance.now();
  const started = await client.startBuild(spec);
  const signal = AbortSignal.timeout(options.timeoutSeconds * 1_000);
  const build = await client.waitForBuild(started.id, { pollMilliseconds: options.poll, signal }).catch((error) => {
    throw signal.aborted ? new ToolFailure(`not done after ${options.timeoutSeconds} s`) : error;
  });
  if (build.state !== 'succeeded') throw new ToolFailure(`the build ${build.state}: ${build.failure?.reason}`);
  const artifacts = await client.builds.listArtifacts(build.id);
  const answers = await Promise.all(artifacts.map(({ name }) => downloadAnswers(engine, build.id, name)));
  const seconds = (performance.now() - began) / 1_000;
  if (answers.length === 0 || answers.includes(false)) throw new ToolFailure('what it made cannot be downloaded');
  for (const { name } of artifacts) await client.downloadArtifact(build.id, name, options.downloads);
  return {
    seconds,
    facts: {
      builders: build.stages.reduce((sum, { attempts }) => sum + attempts, 0),
      outsideStepsMs: millisecondsOutsideSteps(build),
      restoreMs: sumOfStages(build, 'restore'),
      transferMs: sumOfStages(build, 'transfer'),
      engineMs: engineMilliseconds(build),
      bytes: artifacts.reduce((sum, { size }) => sum + size, 0),
      ...stepMilliseconds(build),
    },
  };
}

async function downloadAnswers(engine: TestEngine, buildId: string, name: string): Promise<boolean> {
  const address = `${engine.client.url}/v1/builds/${buildId}/artifacts/${encodeURIComponent(name)}`;
  const headers = { authorization: `Bearer ${engine.apiKey}` };
  const response = await fetch(address, { redirect: 'manual', headers });
  await response.body?.cancel();
  return response.status === 307;
}

function sumOfStages(build: BuildDetail, member: 'restore' | 'transfer'): number {
  return build.stages.reduce((sum, { milliseconds }) => sum + (milliseconds?.[member] ?? 0), 0);
}

/** By the engine's own clock, from submission to end. */
function engineMilliseconds(build: BuildDetail): number {
  return Date.parse(build.endedAt ?? '') - Date.parse(build.submittedAt);
}

/** What each step that ran took, with the making of its layer. */
function stepMilliseconds(build: BuildDetail): Record<string, number> {
  return Object.fromEntries(
    build.stages
      .flatMap(({ steps }) => steps)
      .flatMap(({ id, hit, milliseconds }) =>
        hit || milliseconds === undefined ? [] : [[`step ${id}, ms`, milliseconds.program + milliseconds.capture]],
      ),
  );
}
