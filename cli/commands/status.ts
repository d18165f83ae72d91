import type { Command } from 'commander';
import { z } from 'zod';
import { buildText, exitOfBuild } from '../build-report.ts';
import { connect } from '../connection.ts';
import { setExit } from '../exit.ts';
import type { Output } from '../output.ts';
import { waitForBuild } from '../wait-for-build.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({ wait: z.boolean().default(false) });

/** `lbuild status ID`: shows a build with its stages and steps. */
export function statusCommand(output: Output): Command {
  return engineCommand('status')
    .description('show a build with its stages and steps')
    .argument('<id>', 'id of the build')
    .option('--wait', 'wait for the end, show progress, and exit by the outcome')
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const build = options.wait ? await waitForBuild(engine, id, options.json) : await engine.getStatus(id);
      if (options.json) output.document(build);
      else output.line(buildText(build));
      if (options.wait) setExit(exitOfBuild(build));
    });
}
