import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { tellStarted } from '../started-build.ts';
import { engineCommand } from './common-options.ts';
import { runOf, runOptionsSchema, withRunOptions } from './run-options.ts';

/** `lbuild retry ID`: builds the spec of a build that has ended once more. */
export function retryCommand(output: Output): Command {
  return withRunOptions(
    engineCommand('retry')
      .description('build the spec of a build that has ended once more; the new build’s id is the first thing printed')
      .argument('<id>', 'id of the build'),
  ).action(async (id: string, given: unknown) => {
    const options = runOptionsSchema.parse(given);
    const engine = connect(options);
    await tellStarted(output, engine, await engine.builds.retry(id, runOf(options, randomUUID)), options);
  });
}
