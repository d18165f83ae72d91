import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { readSpecFile, withPlaces } from '../spec-file.ts';
import { tellStarted } from '../started-build.ts';
import { engineCommand } from './common-options.ts';
import { runOf, runOptionsSchema, withRunOptions } from './run-options.ts';

const optionsSchema = runOptionsSchema.extend({
  file: z.string().optional(),
  latestArchive: z.boolean().default(false),
});

/** `lbuild resume ID`: goes on with a build that failed or was cancelled, as a new build. */
export function resumeCommand(output: Output): Command {
  return withRunOptions(
    engineCommand('resume')
      .description('go on with a build that failed or was cancelled; the new build’s id is the first thing printed')
      .argument('<id>', 'id of the build')
      .option('--file <spec>', 'a changed spec, in YAML, JSON or TOML; without it the build’s own')
      .option('--latest-archive', 'plan with the archive as it is now, not as it was for that build'),
  ).action(async (id: string, given: unknown) => {
    const options = optionsSchema.parse(given);
    const engine = connect(options);
    const spec = options.file === undefined ? undefined : await readSpecFile(options.file);
    const run = {
      ...runOf(options, randomUUID),
      archive: options.latestArchive ? ('latest' as const) : ('resumed' as const),
      ...(spec === undefined ? {} : { spec }),
    };
    const started = await withPlaces(spec, engine.builds.resume(id, run));
    await tellStarted(output, engine, started, options);
  });
}
