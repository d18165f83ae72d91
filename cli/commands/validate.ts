import type { Command } from 'commander';
import { z } from 'zod';
import type { FieldError } from '../../core/errors.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { type Credentials, findConnection } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import { errorsOf } from '../first-spec.ts';
import type { Output } from '../output.ts';
import { placedFields, readSpecFile, type SpecFile, withPlaces } from '../spec-file.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({ offline: z.boolean().default(false) });

/** `lbuild validate FILE`: tells all that is wrong with a spec. */
export function validateCommand(output: Output): Command {
  return engineCommand('validate')
    .description('check a spec: by the engine, which knows what it can build, or without one where none is known')
    .argument('<file>', 'the spec, in YAML, JSON or TOML; - is standard input')
    .option('--offline', 'ask no engine')
    .action(async (file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const spec = await readSpecFile(file);
      const connection = options.offline ? undefined : knownConnection(options);
      const errors = await withPlaces(spec, connection === undefined ? checkOffline(spec) : checkBy(connection, spec));
      if (errors.length > 0) {
        throw new CliFailure('usage', {
          code: 'spec.invalid',
          detail: `${file} has ${errors.length} error(s).`,
          remedy: '',
          fields: await placedFields(spec, errors),
        });
      }
      if (options.json) output.document({ valid: true, errors: [] });
      else output.line(`${file} is valid${connection === undefined ? ' (checked without an engine)' : ''}`);
    });
}

function knownConnection(options: z.infer<typeof optionsSchema>): Credentials | undefined {
  try {
    return findConnection(options, process.env, process.cwd());
  } catch (error) {
    // Nobody named an engine, and a spec can be checked without one; a wrong --url is still an error.
    if (error instanceof CliFailure && error.code === 'cli.no_engine') return undefined;
    throw error;
  }
}

const checkBy = async (connection: Credentials, spec: SpecFile): Promise<readonly FieldError[]> =>
  (await new LinuxBuilderClient(connection).specs.validate(spec)).errors;

/** What no engine is asked for cannot be laid over what an engine has. */
const templateError: FieldError = {
  ...{ path: 'template', code: 'spec.unknown_template', reason: 'a template is looked up in an engine' },
  remedy: 'Name an engine with --url, and leave --offline out.',
};

async function checkOffline(spec: SpecFile): Promise<readonly FieldError[]> {
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = spec.mediaType === 'application/json' ? JSON.parse(spec.text) : parse(spec.text, { maxAliasCount: 0 });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CliFailure('usage', { code: 'request.unreadable', detail, remedy: 'Write JSON or YAML.' }, error);
  }
  if (typeof content === 'object' && content !== null && 'template' in content) return [templateError];
  return errorsOf(content);
}
