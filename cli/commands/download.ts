import type { Command } from 'commander';
import { z } from 'zod';
import type { DownloadedFile } from '../../sdk/download.ts';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({ to: z.string(), name: z.array(z.string()).optional() });

/** `lbuild download ID --to DIR`: downloads and verifies what a build made. */
export function downloadCommand(output: Output): Command {
  return engineCommand('download')
    .description('download what a build made, and verify it')
    .argument('<id>', 'id of the build')
    .requiredOption('--to <folder>', 'folder for the files; made where it is missing')
    .option('--name <name...>', 'only these files')
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const all = (await engine.listArtifacts(id)).map(({ name }) => name);
      const wanted = options.name ?? all;
      if (all.length === 0) {
        throw new CliFailure('notFound', {
          code: 'artifact.not_found',
          detail: `The build ${id} has made no files.`,
          remedy: `\`lbuild status ${id}\` tells where it is.`,
        });
      }
      const files: DownloadedFile[] = [];
      for (const name of wanted) {
        const file = await engine.downloadArtifact(id, name, options.to);
        files.push(file);
        if (!options.json) output.line(`${file.path}  ${file.size} bytes  sha256 ${file.sha256}`);
      }
      if (options.json) output.document({ id, files });
    });
}
