import type { Command } from 'commander';
import { buildLine } from '../build-report.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild cancel ID`: asks for the end of a build. */
export function cancelCommand(output: Output): Command {
  return engineCommand('cancel')
    .description('ask for the end of a build; `status ID --wait` waits for it')
    .argument('<id>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const build = await connect(options).builds.cancel(id);
      if (options.json) output.document(build);
      else output.line(build.ended ? buildLine(build) : `${buildLine(build)}  (cancelling)`);
    });
}
