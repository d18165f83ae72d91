import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import { keptLock } from '../lock-file.ts';
import type { Output } from '../output.ts';
import { readSpecFile, withPlaces } from '../spec-file.ts';
import { tellStarted } from '../started-build.ts';
import { teamIdOf } from '../team-name.ts';
import { engineCommand } from './common-options.ts';
import { runOf, runOptionsSchema, withRunOptions } from './run-options.ts';

const optionsSchema = runOptionsSchema.extend({ lock: z.string().optional(), team: z.string().optional() });

/** `lbuild start FILE`: starts a build of a spec. */
export function startCommand(output: Output): Command {
  return withRunOptions(
    engineCommand('start')
      .description('start a build of a spec; its id is the first thing on standard output')
      .argument('<file>', 'the spec, in YAML, JSON or TOML; - is standard input')
      .option('--lock <file>', 'build from a lock, as `lbuild lock` writes it')
      .option('--team <team>', 'the team that the build is to belong to: its id, or a name that only one has'),
  ).action(async (file: string, given: unknown) => {
    const options = optionsSchema.parse(given);
    const engine = connect(options);
    const spec = await readSpecFile(file);
    const team = await teamIdOf(engine, options.team);
    const lock = await keptLock(engine, options.lock);
    const run = { ...runOf(options, randomUUID), ...lock, ...(team === undefined ? {} : { team }) };
    await tellStarted(output, engine, await withPlaces(spec, engine.startBuild(spec, run)), options);
  });
}
