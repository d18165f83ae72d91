import type { Build, BuildDetail } from '../sdk/generated/types.gen.ts';
import { waitingText } from './approval-report.ts';
import type { ExitName } from './exit-codes.ts';

/** The exit code that a build's state stands for once it has ended. */
export function exitOfBuild(build: Build | BuildDetail): ExitName {
  if (build.state === 'cancelled') return 'cancelled';
  return build.state === 'failed' || build.state === 'rejected' ? 'buildFailed' : 'ok';
}

/** One line: id, state, name, when. */
export function buildLine(build: Build | BuildDetail): string {
  return `${build.id}  ${build.state.padEnd(17)} ${build.submittedAt}  ${build.name}`;
}

/** A build with its stages and steps, and why it failed. */
export function buildText(build: BuildDetail): string {
  const lines = [buildLine(build), `  ${build.percent} %`];
  if (build.sharedWith !== undefined) lines.push(`  shares the work of ${build.sharedWith}`);
  const queued = queueText(build);
  if (queued !== undefined) lines.push(`  ${queued}`);
  if (build.archiveReadAt !== undefined) lines.push(`  planned for the archive as it was at ${build.archiveReadAt}`);
  const waiting = waitingText(build);
  if (waiting !== undefined) lines.push(`  ${waiting}`);
  if (build.publication === 'refused') lines.push('  what it made was not approved, and is held for good');
  if (build.plugins !== undefined) lines.push(`  ${pluginsText(build.id, build.plugins)}`);
  for (const stage of build.stages) {
    lines.push(`  ${stage.id}  ${stage.state}${stage.attempts > 1 ? ` (attempt ${stage.attempts})` : ''}`);
    for (const step of stage.steps) {
      const time = step.milliseconds;
      const took = time === undefined ? '' : `  ${((time.program + time.capture) / 1000).toFixed(1)} s`;
      const state = step.hit ? 'cached' : step.state === 'running' ? `${step.percent} %` : step.state;
      const { bootSeconds, acceleration } = step.facts;
      const boot = bootSeconds === undefined ? '' : `  up after ${bootSeconds} s (${acceleration})`;
      lines.push(`      ${step.id.padEnd(20)} ${state}${took}${boot}`);
    }
  }
  const shown = build.evidence.filter(({ kind }) => kind === 'serial-log' || kind === 'screenshot');
  if (shown.length > 0) lines.push(`  boot tests showed: ${shown.map(({ name }) => name).join(', ')}`);
  const failure = failureText(build);
  return failure === undefined ? lines.join('\n') : `${lines.join('\n')}\n${failure}`;
}

/** That plugins judged a build, and whether that went well. */
function pluginsText(id: string, { runs, failed, askApproval }: NonNullable<Build['plugins']>): string {
  const failures = failed === 0 ? '' : `, of which ${failed} failed`;
  const asking = askApproval === undefined ? '' : `; approval is asked for by ${askApproval.join(', ')}`;
  return `plugins: ${runs} run(s)${failures}${asking} (lbuild plugins runs ${id})`;
}

/** Where a build stands in the queue; undefined where it does not wait there. */
export function queueText({ position, estimatedStart }: BuildDetail): string | undefined {
  if (position === undefined) return undefined;
  const start =
    estimatedStart === undefined ? '' : `, starts at about ${estimatedStart.slice(0, 16).replace('T', ' ')} UTC`;
  return `number ${position} in the queue${start}`;
}

/** Why a build failed: code, step, exit code, the last lines of its log, and what to do; undefined where it did not. */
export function failureText(build: Build | BuildDetail): string | undefined {
  const { failure } = build;
  if (failure === undefined) return undefined;
  const lines = [`error: the build ${build.state}: ${failure.reason}  [${failure.code}]`];
  const where = [
    ...(failure.stage === undefined ? [] : [`stage ${failure.stage}`]),
    ...(failure.step === undefined ? [] : [`step ${failure.step}`]),
    ...(failure.exitCode === undefined ? [] : [`exit code ${failure.exitCode}`]),
  ];
  if (where.length > 0) lines.push(`  ${where.join(', ')}`);
  if (failure.logTail.length > 0) {
    lines.push('  the last lines of its log:', ...failure.logTail.map((line) => `  | ${line}`));
  }
  lines.push(`  ${failure.remedy}`);
  return lines.join('\n');
}
