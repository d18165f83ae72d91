import { Command, Option } from 'commander';
import { z } from 'zod';
import { buildStates } from '../../core/builds/lifecycle.ts';
import { buildLine } from '../build-report.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { teamIdOf } from '../team-name.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  limit: z.coerce.number().int().min(1).max(100),
  state: z.enum(buildStates).optional(),
  team: z.string().optional(),
  cursor: z.string().optional(),
});

/** `lbuild builds …`: `ls` is `lbuild list`. */
export function buildsCommand(output: Output): Command {
  return new Command('builds')
    .description('the builds of the tenant; what is done with one of them has commands of its own, such as status')
    .addCommand(listCommand(output).name('ls'));
}

/** `lbuild list`: the tenant's builds, newest first. */
export function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list builds, newest first')
    .option('--limit <number>', 'at most so many (1 to 100)', '20')
    .addOption(new Option('--state <state>', 'only builds in this state').choices(buildStates))
    .option('--team <team>', 'only builds of this team: its id, or a name that only one has')
    .option('--cursor <cursor>', 'go on where the list before ended')
    .action(async (given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const team = await teamIdOf(engine, options.team);
      const { builds, cursor } = await engine.builds
        .list({
          limit: options.limit,
          ...(team === undefined ? {} : { team }),
          ...(options.state === undefined ? {} : { state: options.state }),
          ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
        })
        .page();
      if (options.json) {
        output.document({ builds, ...(cursor === undefined ? {} : { cursor }) });
        return;
      }
      for (const build of builds) output.line(buildLine(build));
      if (cursor !== undefined) output.note(`more: lbuild list --cursor ${cursor}`);
    });
}
