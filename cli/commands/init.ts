import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { z } from 'zod';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({ force: z.boolean().default(false) });

/** `lbuild init [FILE]`: writes a first spec, the minimal preset with its explanations. */
export function initCommand(output: Output): Command {
  return new Command('init')
    .description('write a first spec, with a remark on each part')
    .argument('[file]', 'where to', 'spec.yaml')
    .option('--force', 'replace the file where there is one')
    .action(async (file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const preset = fileURLToPath(new URL('../../presets/minimal.yaml', import.meta.url));
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
