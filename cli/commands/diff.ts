import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import { diffText } from '../diff-report.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({ files: z.boolean().default(false) });

/** `lbuild diff A B`: what differs between two builds. */
export function diffCommand(output: Output): Command {
  return engineCommand('diff')
    .description('show what differs between two builds: packages, kernel, services, sizes, spec, files')
    .argument('<a>', 'id of the build that is compared with')
    .argument('<b>', 'id of the other build')
    .option('--files', 'list every file that differs, and in what; else they are counted')
    .action(async (before: string, after: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const diff = options.files
        ? await engine.builds.diffWhole(before, after)
        : await engine.builds.diff(before, after, { limit: 0 });
      if (options.json) output.document(diff);
      else output.line(diffText(diff));
    });
}
