import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { readSpecFile } from '../spec-file.ts';
import { tellStarted } from '../started-build.ts';
import { engineCommand } from './common-options.ts';
import { runOf, runOptionsSchema, withRunOptions } from './run-options.ts';

/** `lbuild start FILE`: starts a build of a spec. */
export function startCommand(output: Output): Command {
  return withRunOptions(
    engineCommand('start')
      .description('start a build of a spec; its id is the first thing on standard output')
      .argument('<file>', 'the spec, in YAML or JSON; - is standard input'),
  ).action(async (file: string, given: unknown) => {
    const options = runOptionsSchema.parse(given);
    const engine = connect(options);
    const spec = await readSpecFile(file);
    await tellStarted(output, engine, await engine.startBuild(spec, runOf(options, randomUUID)), options);
  });
}
