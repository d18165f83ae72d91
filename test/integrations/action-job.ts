import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A process that has ended, and all that it wrote. */
export interface Job {
  readonly code: number | null;
  readonly log: string;
}

/** Told of what a process has written so far each time that it writes. */
export type Watch = (log: string, child: ChildProcess) => void;

/** Waits for a process. */
export async function ended(child: ChildProcess, watch?: Watch): Promise<Job> {
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      watch?.(log, child);
    });
  }
  await once(child, 'close');
  return { code: child.exitCode, log };
}

export interface ActionRun extends Job {
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** A step of a job that runs the Action. */
export interface ActionStep {
  /** What Node gets: the bundle, or a program of the sources. */
  readonly program: readonly string[];
  /** The job's workspace. */
  readonly folder: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** What of the runner's variables is others than usual. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the Action as GitHub's runner does: inputs in INPUT_ variables, outputs and summary in files. */
export async function runActionStep(step: ActionStep, watch?: Watch): Promise<ActionRun> {
  const { folder } = step;
  const inputs = {
    ...{ 'spec-file': 'spec.json', outputs: '', 'artifact-path': 'images' },
    ...{ evidence: 'false', wait: 'true', timeout: '10', team: '', priority: 'normal' },
    ...step.inputs,
  };
  const [output, summary] = [path.join(folder, 'output'), path.join(folder, 'summary')];
  for (const file of [output, summary]) await writeFile(file, '');
  const child = spawn(process.execPath, ['--no-warnings', ...step.program], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...{ GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: folder, GITHUB_ACTIONS: 'true' },
      ...{ GITHUB_RUN_ID: folder, GITHUB_RUN_ATTEMPT: '1', GITHUB_JOB: 'image', GITHUB_ACTION: 'build' },
      ...{ RUNNER_NAME: 'runner', RUNNER_TRACKING_ID: 'github_1' },
      ...step.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const job = await ended(child, watch);
  const told = await readFile(output, 'utf8');
  const outputs = [...told.matchAll(/^([a-z-]+)<<(\S+)\n([\s\S]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [
    name,
    value,
  ]);
  return { ...job, outputs: Object.fromEntries(outputs), summary: await readFile(summary, 'utf8') };
}

/** A command that the runner took from a log. */
export interface RunnerCommand {
  readonly name: string;
  readonly text: string;
}

/**
 * What GitHub's runner acts on in the lines of a step: `::name properties::text` at a line's beginning, the older
 * `##[name properties]text` anywhere in it; while commands are stopped, nothing but the token that they were stopped by.
 */
export function runnerCommands(log: string): RunnerCommand[] {
  const taken: RunnerCommand[] = [];
  let stopped: string | undefined;
  for (const line of log.split(/\r?\n/)) {
    const [, name, text = ''] =
      /^\s*::([^\s:]+)[^:]*::(.*)$/.exec(line) ?? /##\[([^\s\]]+)[^\]]*\](.*)$/.exec(line) ?? [];
    if (name === undefined || (stopped !== undefined && name !== stopped)) continue;
    if (name === stopped) stopped = undefined;
    else if (name === 'stop-commands') stopped = text;
    else taken.push({ name, text });
  }
  return taken;
}
