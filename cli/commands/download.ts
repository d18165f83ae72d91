import type { Command } from 'commander';
import { z } from 'zod';
import type { DownloadedFile } from '../../sdk/downloads.ts';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import { untilInterrupted } from '../interrupted.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  to: z.string(),
  name: z.array(z.string()).optional(),
  evidence: z.boolean().default(false),
});

/** `lbuild download ID --to DIR`: downloads and verifies what a build made. */
export function downloadCommand(output: Output): Command {
  return engineCommand('download')
    .description('download what a build made, and verify it')
    .argument('<id>', 'id of the build')
    .requiredOption('--to <folder>', 'folder for the files; made where it is missing')
    .option('--name <name...>', 'only these files')
    .option(
      '--evidence',
      'also the evidence: checksums, bills of materials, signed provenance, logs and screens of boot tests',
    )
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const all = (await engine.builds.listArtifacts(id)).map(({ name }) => name);
      const wanted = options.name ?? all;
      const evidence = options.evidence ? (await engine.getStatus(id)).evidence : [];
      // Of a build that failed a test there is evidence and nothing else.
      if (all.length === 0 && evidence.length === 0) {
        throw new CliFailure('notFound', {
          code: 'artifact.not_found',
          detail: `The build ${id} has published no files.`,
          remedy: `\`lbuild status ${id}\` tells where it is.`,
        });
      }
      const files: DownloadedFile[] = [];
      const tell = (file: DownloadedFile): void => {
        files.push(file);
        if (!options.json) output.line(`${file.path}  ${file.size} bytes  sha256 ${file.sha256}`);
      };
      await untilInterrupted(
        'The download was interrupted.',
        `\`lbuild download ${id}\` begins it again.`,
        async (signal) => {
          for (const name of wanted) tell(await engine.downloadArtifact(id, name, options.to, { signal }));
          for (const file of evidence) tell(await engine.builds.downloadEvidence(id, file, options.to, { signal }));
        },
      );
      if (options.evidence && evidence.length === 0) {
        throw new CliFailure('notFound', {
          code: 'evidence.not_found',
          detail: `The build ${id} has no evidence: it has not succeeded, or is older than evidence.`,
          remedy: 'Leave out --evidence, or build it again with `lbuild retry`.',
        });
      }
      if (options.json) output.document({ id, files });
    });
}
