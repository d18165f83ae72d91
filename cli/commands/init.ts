import { constants } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { z } from 'zod';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({ force: z.boolean().default(false), preset: z.string() });

/** The presets, with their explanations. */
const folder = new URL('../../presets/', import.meta.url);

/** Path of a preset's file. @throws CliFailure where there is none of the name */
async function presetFile(name: string): Promise<string> {
  const names = (await readdir(folder)).flatMap((file) => (file.endsWith('.yaml') ? file.slice(0, -5) : []));
  if (names.includes(name)) return fileURLToPath(new URL(`${name}.yaml`, folder));
  throw new CliFailure('usage', {
    code: 'cli.preset_unknown',
    detail: `There is no preset ${JSON.stringify(name)}.`,
    remedy: `Name one of these: ${names.sort().join(', ')}.`,
  });
}

/** `lbuild init [FILE]`: writes a first spec, a preset with its explanations. */
export function initCommand(output: Output): Command {
  return new Command('init')
    .description('write a first spec, with a remark on each part')
    .argument('[file]', 'where to', 'spec.yaml')
    .option('--preset <name>', 'which one: see docs/presets.md', 'minimal')
    .option('--force', 'replace the file where there is one')
    .action(async (file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const preset = await presetFile(options.preset);
      try {
        await copyFile(preset, file, options.force ? 0 : constants.COPYFILE_EXCL);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
        throw new CliFailure(
          'usage',
          {
            code: 'cli.file_exists',
            detail: `${file} is there already.`,
            remedy: 'Name another file, or add --force.',
          },
          error,
        );
      }
      output.line(`${file} written; next: lbuild start ${file} --wait`);
    });
}
