import { createHash } from 'node:crypto';
import { error as annotate, getInput, info, setOutput, setSecret, summary, warning } from '@actions/core';
import { asCliFailure, CliFailure } from '../../../cli/failure.ts';
import { readSpecFile, withPlaces } from '../../../cli/spec-file.ts';
import { printable } from '../../../core/builds/printable.ts';
import { LinuxBuilderClient } from '../../../sdk/client.ts';
import { isApiProblem } from '../../../sdk/engine-error.ts';
import type { Artifact, Build, BuildDetail } from '../../../sdk/generated/types.gen.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { LogGroups } from './log-groups.ts';
import { logOutput } from './log-output.ts';
import { summaryText } from './summary.ts';

/** What ends a run from outside. */
export interface RunLimits {
  /** Aborted where the job is cancelled: the build is cancelled too, and nothing more is downloaded. */
  readonly stopped: AbortSignal;
  /** Milliseconds of a minute of the input `timeout`; 60,000 unless a test has no such time. */
  readonly minuteMilliseconds?: number;
}

/**
 * Runs the Action: starts a build, follows it, downloads what it made. Answers whether the step succeeded; all that is wrong
 * was told then.
 */
export async function runAction(environment: NodeJS.ProcessEnv, limits: RunLimits): Promise<boolean> {
  const key = getInput('api-key');
  if (key !== '') setSecret(key);
  const inputs = readInputs((name) => getInput(name));
  if ('problems' in inputs) {
    for (const problem of inputs.problems) annotate(problem, { title: 'Input' });
    return false;
  }
  const client = new LinuxBuilderClient({ url: inputs['api-url'], apiKey: inputs['api-key'] });
  try {
    const started = await start(client, inputs, environment);
    setOutput('build-id', started.id);
    // Said again at the end, if it comes to that.
    setOutput('status', started.state);
    info(`build ${started.id} of ${printable(started.name)} is started`);
    for (const { message } of started.warnings ?? []) warning(printable(message), { file: inputs['spec-file'] });
    if (!inputs.wait) return true;
    const { build, cancelled } = await follow(client, inputs, started.id, limits);
    setOutput('status', cancelled ? 'cancelled' : build.state);
    const made = await tellResult(client, inputs, build);
    limits.stopped.throwIfAborted();
    await download(client, inputs, { build, made }, limits.stopped);
    return build.state === 'succeeded';
  } catch (thrown) {
    if (limits.stopped.aborted && thrown === limits.stopped.reason) {
      annotate('The job was cancelled.', { title: 'Linux Builder Engine' });
    } else {
      tell(asCliFailure(thrown));
    }
    return false;
  }
}

async function start(client: LinuxBuilderClient, inputs: Inputs, environment: NodeJS.ProcessEnv): Promise<Build> {
  const spec = await readSpecFile(inputs['spec-file']);
  // The same step of the same attempt of a run is the same build, should the runner lose its answer; a job that is run again
  // is another one. Jobs of a matrix differ in nothing but what they ask for and where they run: RUNNER_TRACKING_ID, by
  // which a runner finds what a job left running, is another one for each.
  const { GITHUB_RUN_ID: run, GITHUB_RUN_ATTEMPT: attempt, GITHUB_JOB: job, GITHUB_ACTION: step } = environment;
  const { RUNNER_NAME: runner, RUNNER_TRACKING_ID: tracking } = environment;
  const asked = [inputs['spec-file'], spec.text, inputs.team, inputs.priority];
  const identity = [run, attempt, job, step, runner, tracking, ...asked];
  const idempotencyKey =
    run === undefined ? undefined : createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const options = {
    priority: inputs.priority,
    ...(inputs.team === '' ? {} : { team: inputs.team }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  return withPlaces(spec, client.startBuild(spec, options));
}

interface Followed {
  readonly build: BuildDetail;
  /** It was cancelled here, and may not have ended yet. */
  readonly cancelled: boolean;
}

/** Follows a build to its end and shows its log; cancels it where the job is cancelled, or it takes too long. */
async function follow(
  client: LinuxBuilderClient,
  inputs: Inputs,
  id: string,
  { stopped, minuteMilliseconds = 60_000 }: RunLimits,
): Promise<Followed> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(inputs.timeout * minuteMilliseconds)]);
  const groups = new LogGroups(logOutput(info));
  const ended = new AbortController();
  const log = showLog(client, id, groups, AbortSignal.any([signal, ended.signal]));
  let followed: Followed;
  let cancelling: string | undefined;
  try {
    const build = await client.waitForBuild(id, {
      signal,
      pollMilliseconds: 1_000,
      onProgress: (reading) => groups.reading(reading),
    });
    // What the last builder said is there by now: the log ends with the build.
    await log;
    followed = { build, cancelled: false };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    followed = await cancel(client, id);
    const why = stopped.aborted ? 'The job was cancelled' : `The build took more than ${inputs.timeout} minutes`;
    if (followed.cancelled) cancelling = `${why}, and the build ${id} is cancelled.`;
  } finally {
    ended.abort();
    const unread = await log;
    groups.end();
    if (unread !== undefined) warning(`The log cannot be read: ${printable(unread)}`);
  }
  if (cancelling !== undefined) annotate(cancelling, { title: 'Build' });
  return followed;
}

/** Cancels a build that may have ended in between. */
async function cancel(client: LinuxBuilderClient, id: string): Promise<Followed> {
  let cancelled = true;
  try {
    await client.builds.cancel(id);
  } catch (thrown) {
    if (!isApiProblem(thrown, 'build.terminal')) throw thrown;
    cancelled = false;
  }
  return { build: await client.getStatus(id), cancelled };
}

/** Shows the log as it comes. @returns why it cannot be read any further, which ends no build */
async function showLog(
  client: LinuxBuilderClient,
  id: string,
  groups: LogGroups,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    for await (const line of client.streamLogs(id, { signal })) groups.line(line);
    return undefined;
  } catch (thrown) {
    return signal.aborted ? undefined : asCliFailure(thrown).message;
  }
}

/** Tells how a build ended and what it made, before any of it is downloaded: that may fail. @returns what it made */
async function tellResult(
  client: LinuxBuilderClient,
  inputs: Inputs,
  build: BuildDetail,
): Promise<readonly Artifact[]> {
  let made: readonly Artifact[] = [];
  try {
    if (build.state === 'succeeded') made = await client.builds.listArtifacts(build.id);
  } finally {
    setOutput('digest', made[0]?.sha256 ?? '');
    setOutput('digests', Object.fromEntries(made.map(({ name, sha256 }) => [name, sha256])));
    await summary.addRaw(summaryText(build, made), true).write();
  }
  const { failure } = build;
  if (failure === undefined) return made;
  const where = failure.step === undefined ? '' : ` (step ${failure.step})`;
  annotate(printable(`${failure.reason}${where} [${failure.code}] ${failure.remedy}`), {
    title: `Build ${build.state}`,
    file: inputs['spec-file'],
  });
  return made;
}

/**
 * Downloads what is wanted of a build: files of one that succeeded, evidence of any that has some.
 * @throws CliFailure, errors of the client, the signal's reason
 */
async function download(
  client: LinuxBuilderClient,
  inputs: Inputs,
  { build, made }: { readonly build: BuildDetail; readonly made: readonly Artifact[] },
  signal: AbortSignal,
): Promise<void> {
  const folder = inputs['artifact-path'];
  const paths: string[] = [];
  try {
    for (const name of wantedOf(inputs, build.id, made)) {
      const { path, sha256 } = await client.downloadArtifact(build.id, name, folder, { signal });
      paths.push(`${folder.replace(/\/+$/, '')}/${name}`);
      info(`${path}  sha256 ${sha256}`);
    }
  } finally {
    setOutput('artifact-paths', paths.join('\n'));
  }
  if (!inputs.evidence) return;
  for (const file of build.evidence) {
    const { path, sha256 } = await client.builds.downloadEvidence(build.id, file, folder, { signal });
    info(`${path}  sha256 ${sha256}`);
  }
}

/** @throws CliFailure where one is wanted that the build has not made */
function wantedOf({ outputs }: Inputs, id: string, made: readonly Artifact[]): readonly string[] {
  const names = made.map(({ name }) => name);
  const takesNone = outputs.length === 1 && outputs[0] === 'none';
  if (names.length === 0 || takesNone) return [];
  if (outputs.length === 0) return names;
  const missing = outputs.filter((name) => !names.includes(name));
  if (missing.length === 0) return outputs;
  throw new CliFailure('notFound', {
    code: 'artifact.not_found',
    detail: `The build ${id} has made ${names.join(', ')}, and not ${missing.join(', ')}.`,
    remedy: 'Name files in the input outputs that the build makes, or leave it empty for all of them.',
  });
}

/** Tells of a failure: each error of a field at its line of the spec's file, where it has one. */
function tell(failure: CliFailure): void {
  const { message, code, remedy, fields } = failure;
  annotate(printable(`${message} [${code}] ${remedy}`.trim()), { title: 'Linux Builder Engine' });
  for (const { path, reason, remedy: way, code: of, place } of fields) {
    const where = place === undefined ? {} : { file: place.file, startLine: place.line, startColumn: place.column };
    annotate(printable(`${path === '' ? '' : `${path}: `}${reason}. ${way} [${of}]`), { title: 'Spec', ...where });
  }
}
