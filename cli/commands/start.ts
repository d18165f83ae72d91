import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { buildLine, exitOfBuild, failureText } from '../build-report.ts';
import { connect } from '../connection.ts';
import { setExit } from '../exit.ts';
import type { Output } from '../output.ts';
import { readSpecFile } from '../spec-file.ts';
import { waitForBuild } from '../wait-for-build.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  wait: z.boolean().default(false),
  idempotencyKey: z.string().optional(),
});

/** `lbuild start FILE`: starts a build of a spec. */
export function startCommand(output: Output): Command {
  return engineCommand('start')
    .description('start a build of a spec; its id is the first thing on standard output')
    .argument('<file>', 'the spec, in YAML or JSON; - is standard input')
    .option('--wait', 'wait for the end, show progress, and exit by the outcome')
    .option('--idempotency-key <key>', 'the same key and spec within a day answer the same build')
    .action(async (file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const spec = await readSpecFile(file);
      const started = await engine.startBuild(spec, { idempotencyKey: options.idempotencyKey ?? randomUUID() });
      if (!options.wait) {
        if (options.json) output.document(started);
        else output.line(buildLine(started));
        return;
      }
      if (!options.json) output.line(buildLine(started));
      const build = await waitForBuild(engine, started.id, options.json);
      if (options.json) output.document(build);
      else output.line(failureText(build) ?? buildLine(build));
      setExit(exitOfBuild(build));
    });
}
