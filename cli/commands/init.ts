import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import { askFirstSpec, presetText } from '../first-spec.ts';
import type { Output } from '../output.ts';
import { canAsk } from '../prompts.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  force: z.boolean().default(false),
  preset: z.string().optional(),
  from: z.string().optional(),
});

/** `lbuild init [FILE]`: writes a first spec: what is asked for on a terminal, a preset, or that of a build. */
export function initCommand(output: Output): Command {
  return engineCommand('init')
    .description('write a first spec, with a remark on each part: asks on a terminal what it is to be')
    .argument('[file]', 'where to', 'spec.yaml')
    .option('--preset <name>', 'ask nothing, and write this one: see docs/presets.md')
    .option('--from <build>', 'write the spec of a build, by its id')
    .option('--force', 'replace the file where there is one')
    .action(async (file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      if (options.preset !== undefined && options.from !== undefined) {
        const detail = 'Both --preset and --from say what to begin with.';
        throw new CliFailure('usage', { code: 'cli.usage', detail, remedy: 'Leave one of them out.' });
      }
      await writeNew(file, await firstSpec(options), options.force);
      const next = `lbuild start ${file} --wait`;
      if (options.json) output.document({ file, next });
      else output.line(`${file} written; next: ${next}`);
    });
}

async function firstSpec(options: z.output<typeof optionsSchema>): Promise<string> {
  if (options.from !== undefined) {
    const [spec, { stringify }] = await Promise.all([connect(options).builds.readSpec(options.from), import('yaml')]);
    return `# The spec of the build ${options.from}, with its defaults.\n${stringify(spec, { lineWidth: 0 })}`;
  }
  if (options.preset === undefined && !options.json && canAsk()) return askFirstSpec(process.env);
  return presetText(options.preset ?? 'minimal');
}

async function writeNew(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new CliFailure(
      'usage',
      { code: 'cli.file_exists', detail: `${file} is there already.`, remedy: 'Name another file, or add --force.' },
      error,
    );
  }
}
