import { createHash } from 'node:crypto';
import {
  error as annotate,
  endGroup,
  getInput,
  info,
  setOutput,
  setSecret,
  startGroup,
  summary,
  warning,
} from '@actions/core';
import { asCliFailure, type CliFailure } from '../../../cli/failure.ts';
import { readSpecFile, withPlaces } from '../../../cli/spec-file.ts';
import { printable } from '../../../core/builds/printable.ts';
import { LinuxBuilderClient } from '../../../sdk/client.ts';
import type { Artifact, Build, BuildDetail } from '../../../sdk/generated/types.gen.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { LogGroups } from './log-groups.ts';
import { type MadeFile, summaryText } from './summary.ts';

/**
 * Runs the Action: starts a build, follows it, downloads what it made. Answers whether the step succeeded; all that is wrong
 * was told then.
 * @param stopped aborted where the job is cancelled: the build is cancelled too
 */
export async function runAction(environment: NodeJS.ProcessEnv, stopped: AbortSignal): Promise<boolean> {
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
    info(`build ${started.id} of ${printable(started.name)} is started`);
    for (const { message } of started.warnings ?? []) warning(printable(message), { file: inputs['spec-file'] });
    if (!inputs.wait) {
      setOutput('status', started.state);
      return true;
    }
    return await follow(client, inputs, started.id, stopped);
  } catch (thrown) {
    tell(asCliFailure(thrown));
    return false;
  }
}

async function start(client: LinuxBuilderClient, inputs: Inputs, environment: NodeJS.ProcessEnv): Promise<Build> {
  const spec = await readSpecFile(inputs['spec-file']);
  // The same step of the same attempt of a run is the same build, should the runner lose its answer; a job that is run again
  // is another one.
  const { GITHUB_RUN_ID: run, GITHUB_RUN_ATTEMPT: attempt, GITHUB_JOB: job, GITHUB_ACTION: step } = environment;
  const identity = [run, attempt, job, step, inputs['spec-file'], spec.text];
  const idempotencyKey =
    run === undefined ? undefined : createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const options = {
    priority: inputs.priority,
    ...(inputs.team === '' ? {} : { team: inputs.team }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  return withPlaces(spec, client.startBuild(spec, options));
}

/** Follows a build to its end, and tells of it. */
async function follow(client: LinuxBuilderClient, inputs: Inputs, id: string, stopped: AbortSignal): Promise<boolean> {
  const late = AbortSignal.timeout(inputs.timeout * 60_000);
  const signal = AbortSignal.any([stopped, late]);
  const groups = new LogGroups({ begin: startGroup, line: (text) => info(printable(text)), end: endGroup });
  const ended = new AbortController();
  const log = showLog(client, id, groups, AbortSignal.any([signal, ended.signal]));
  let build: BuildDetail;
  try {
    build = await client.waitForBuild(id, {
      signal,
      pollMilliseconds: 1_000,
      onProgress: (reading) => groups.reading(reading),
    });
    // What the last builder said is there by now: the log ends with the build.
    await log;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    await client.builds.cancel(id);
    build = await client.getStatus(id);
    const why = stopped.aborted ? 'The job was cancelled' : `The build took more than ${inputs.timeout} minutes`;
    annotate(`${why}, and the build ${id} is cancelled.`, { title: 'Build' });
  } finally {
    ended.abort();
    await log;
    groups.end();
  }
  const files = build.state === 'succeeded' ? await download(client, inputs, build) : [];
  setOutput('status', signal.aborted ? 'cancelled' : build.state);
  setOutput('artifact-paths', files.flatMap((file) => file.path ?? []).join('\n'));
  setOutput('digest', files[0]?.sha256 ?? '');
  setOutput('digests', Object.fromEntries(files.map((file) => [file.name, file.sha256])));
  await summary.addRaw(summaryText(build, files), true).write();
  const { failure } = build;
  if (failure !== undefined) {
    const where = failure.step === undefined ? '' : ` (step ${failure.step})`;
    annotate(printable(`${failure.reason}${where} [${failure.code}] ${failure.remedy}`), {
      title: `Build ${build.state}`,
      file: inputs['spec-file'],
    });
  }
  return build.state === 'succeeded' && !signal.aborted;
}

/** Shows the log as it comes. That it cannot be read is a warning, and ends no build. */
async function showLog(client: LinuxBuilderClient, id: string, groups: LogGroups, signal: AbortSignal): Promise<void> {
  try {
    for await (const line of client.streamLogs(id, { signal })) groups.line(line);
  } catch (thrown) {
    if (!signal.aborted) warning(`The log cannot be read: ${printable(asCliFailure(thrown).message)}`);
  }
}

/** Downloads what is wanted of a build. @throws CliFailure and errors of the client */
async function download(client: LinuxBuilderClient, inputs: Inputs, build: BuildDetail): Promise<MadeFile[]> {
  const all: readonly Artifact[] = await client.builds.listArtifacts(build.id);
  const isNone = inputs.outputs.length === 1 && inputs.outputs[0] === 'none';
  const wanted = isNone ? [] : inputs.outputs.length === 0 ? all.map(({ name }) => name) : inputs.outputs;
  const files: MadeFile[] = [];
  for (const name of wanted)
    await client
      .downloadArtifact(build.id, name, inputs['artifact-path'])
      .then((file) => info(`${file.path}  sha256 ${file.sha256}`));
  if (inputs.evidence) {
    for (const file of build.evidence) await client.builds.downloadEvidence(build.id, file, inputs['artifact-path']);
  }
  for (const { name, type, size, sha256 } of all) {
    const path = wanted.includes(name) ? { path: `${inputs['artifact-path'].replace(/\/+$/, '')}/${name}` } : {};
    files.push({ name, type, size, sha256, ...path });
  }
  return files;
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
