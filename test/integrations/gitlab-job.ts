import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildCli } from '../../scripts/build-cli.ts';
import { type GitlabJob, readComponent, withInputs } from '../../scripts/gitlab-template.ts';
import { ended, type Job, type Watch } from './action-job.ts';

/** A folder that has `lbuild` and `node` in `bin`, as the image of a job has them. */
export interface JobTools {
  readonly bin: string;
  remove(): Promise<void>;
}

export async function makeJobTools(): Promise<JobTools> {
  const tools = await mkdtemp(path.join(tmpdir(), 'lbuild-tools-'));
  const bin = path.join(tools, 'bin');
  await buildCli(path.join(tools, 'cli'));
  await mkdir(bin);
  await symlink(path.join(tools, 'cli/lib/lbuild.js'), path.join(bin, 'lbuild'));
  await symlink(process.execPath, path.join(bin, 'node'));
  return { bin, remove: () => rm(tools, { recursive: true, force: true }) };
}

/** The component's job with its inputs in place. */
export function componentJob(inputs: Readonly<Record<string, string>>): GitlabJob {
  const [{ spec }, jobs] = readComponent();
  const defaults = Object.fromEntries(
    Object.entries(spec.inputs).map(([name, input]) => [name, String(input.default ?? '')]),
  );
  const job = withInputs(Object.values(jobs)[0], { ...defaults, ...inputs });
  if (job === undefined) throw new Error('the component has no job');
  return job;
}

export interface JobRun extends Job {
  /** Its `after_script`. */
  readonly after: Job;
  /** Files that GitLab keeps of it. */
  readonly kept: readonly string[];
}

/**
 * A job's `script` and `after_script`, each as one shell, and its artifacts, as GitLab's runner has them; the CLI is in
 * the image already.
 */
export async function runGitlabJob(
  job: GitlabJob,
  {
    tools,
    folder,
    apiKey,
    variables = {},
  }: {
    readonly tools: JobTools;
    readonly folder: string;
    readonly apiKey: string;
    /** In place of the job's own. */
    readonly variables?: Readonly<Record<string, string>>;
  },
  watch?: Watch,
): Promise<JobRun> {
  const environment: Record<string, string> = {
    ...{ PATH: `${tools.bin}:/usr/bin:/bin`, HOME: folder, LBUILD_API_KEY: apiKey },
    ...{ CI_JOB_ID: path.basename(folder), ...job.variables, ...variables },
  };
  const shell = (script: readonly string[], status: string) =>
    spawn('sh', ['-e', '-c', script.join('\n')], {
      ...{ cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...environment, CI_JOB_STATUS: status },
    });
  const main = await ended(shell(job.script, 'running'), watch);
  const status = main.code === 0 ? 'success' : main.code === null ? 'canceled' : 'failed';
  const after = await ended(shell(job.after_script, status));
  const places = job.artifacts.paths.map((place) =>
    place.replace(/\$(\w+)/g, (_, name: string) => environment[name] ?? ''),
  );
  const kept = await Promise.all(places.map((place) => filesOf(folder, place)));
  return { ...main, after, kept: kept.flat().sort() };
}

async function filesOf(folder: string, place: string): Promise<string[]> {
  if (!existsSync(path.join(folder, place))) return [];
  return (await readdir(path.join(folder, place))).map((name) => `${place}/${name}`);
}
