import { Command } from 'commander';
import type { Image } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { imageLine } from '../retention-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild trash …`: what builds made and is removed, as long as it can be restored. */
export function trashCommand(output: Output): Command {
  return new Command('trash')
    .description('what builds made and is removed, as long as it can be restored')
    .addCommand(listCommand(output))
    .addCommand(putCommand(output))
    .addCommand(restoreCommand(output));
}

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list what is in the trash, what goes next first')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const images: Image[] = [];
      for await (const image of connect(options).retention.listTrash()) {
        images.push(image);
        if (!options.json) output.line(imageLine(image));
      }
      if (options.json) output.document({ images });
    });
}

function putCommand(output: Output): Command {
  return engineCommand('put')
    .description('put what a build made into the trash; the build stays, with its logs and its evidence')
    .argument('<build>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const image = await connect(options).builds.removeArtifacts(id);
      if (options.json) output.document(image);
      else output.line(imageLine(image));
    });
}

function restoreCommand(output: Output): Command {
  return engineCommand('restore')
    .description('take what a build made out of the trash, as it was')
    .argument('<build>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const image = await connect(options).builds.restoreArtifacts(id);
      if (options.json) output.document(image);
      else output.line(imageLine(image));
    });
}
