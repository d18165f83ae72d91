import type { LinuxBuilderClient } from '../sdk/client.ts';
import type { Build } from '../sdk/generated/types.gen.ts';
import { waitingText } from './approval-report.ts';
import { buildLine, exitOfBuild, failureText } from './build-report.ts';
import { setExit } from './exit.ts';
import type { Output } from './output.ts';
import { waitForBuild } from './wait-for-build.ts';

/**
 * Tells of a build that was just started, its id first; with `wait` also shows its progress, tells how it ended and
 * sets the exit code by it.
 */
export async function tellStarted(
  output: Output,
  engine: LinuxBuilderClient,
  started: Build,
  options: { readonly wait: boolean; readonly json: boolean },
): Promise<void> {
  if (!options.json) for (const { message } of started.warnings ?? []) output.note(`warning: ${message}`);
  if (!options.wait) {
    if (options.json) output.document(started);
    else output.line(buildLine(started));
    return;
  }
  if (!options.json) output.line(buildLine(started));
  const build = await waitForBuild(engine, started.id, options.json);
  if (options.json) output.document(build);
  else output.line(failureText(build) ?? buildLine(build));
  const held = waitingText(build);
  if (held !== undefined && !options.json) output.note(held);
  setExit(exitOfBuild(build));
}
