import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import type { Secret } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { readStandardInput } from '../spec-file.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild secrets …`: what specs name and must not hold. */
export function secretsCommand(output: Output): Command {
  return new Command('secrets')
    .description('passwords that a spec names by `credentials.password.secret`; values go in and never out')
    .addCommand(setCommand(output))
    .addCommand(listCommand(output))
    .addCommand(removeCommand(output));
}

const setOptionsSchema = connectionOptionsSchema.extend({ file: z.string().optional() });

function setCommand(output: Output): Command {
  return engineCommand('set')
    .description('give a secret a value, from standard input or a file; a new value is a new version')
    .argument('<name>', 'lower-case letters, digits and inner hyphens')
    .option('--file <file>', 'file with the value; standard input without it')
    .action(async (name: string, given: unknown) => {
      const { file, ...options } = setOptionsSchema.parse(given);
      const engine = connect(options);
      const secret = await engine.secrets.set(name, await readValue(file));
      if (options.json) output.document(secret);
      else output.line(secretLine(secret));
    });
}

function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list secrets: names, versions and dates')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const secrets = await connect(options).secrets.list();
      if (options.json) output.document({ secrets });
      else for (const secret of secrets) output.line(secretLine(secret));
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('remove')
    .description('remove a secret with its value')
    .argument('<name>', 'as `list` shows it')
    .action(async (name: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).secrets.remove(name);
      if (options.json) output.document({ name, removed: true });
      else output.line(`${name} removed`);
    });
}

function secretLine({ name, version, setAt }: Secret): string {
  return `${name}  version ${version}  set ${setAt.slice(0, 16)}Z`;
}

/**
 * The value without the line's end that editors and `echo` add. It is no argument: command lines are shown to everybody.
 * @throws CliFailure where there is none to read
 */
async function readValue(file: string | undefined): Promise<string> {
  if (file === undefined && process.stdin.isTTY) {
    throw new CliFailure('usage', {
      code: 'cli.no_value',
      detail: 'Standard input is a terminal, which would show the value.',
      remedy: 'Pipe the value in, or name its file with --file.',
    });
  }
  try {
    const text = file === undefined ? await readStandardInput() : await readFile(file, 'utf8');
    return text.replace(/\r?\n$/, '');
  } catch (error) {
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unreadable',
        detail: `${file ?? 'standard input'} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Name a file that holds the value alone.',
      },
      error,
    );
  }
}
