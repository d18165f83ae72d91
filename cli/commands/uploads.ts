import { Command } from 'commander';
import { z } from 'zod';
import type { RemovedUpload, Upload } from '../../sdk/generated/types.gen.ts';
import { sizeText } from '../cache-report.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild uploads …`: files that specs name by their digests. */
export function uploadsCommand(output: Output): Command {
  return new Command('uploads')
    .description('files that a spec cannot hold: upload them, and name them by `files[].upload`')
    .addCommand(addCommand(output))
    .addCommand(listCommand(output))
    .addCommand(removeCommand(output));
}

function addCommand(output: Output): Command {
  return engineCommand('add')
    .description('upload files; one that is there already is not sent again')
    .argument('<files...>', 'the files')
    .action(async (files: string[], given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      const uploads: Upload[] = [];
      for (const file of files) {
        const upload = await engine.uploads.send(file);
        uploads.push(upload);
        // As sha256sum writes it: the digest is what goes into the spec.
        if (!options.json) output.line(`${upload.sha256}  ${file}`);
      }
      if (options.json) output.document({ uploads });
    });
}

const listOptionsSchema = connectionOptionsSchema.extend({
  limit: z.coerce.number().int().min(1).max(100),
  cursor: z.string().optional(),
});

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list uploads, newest first')
    .option('--limit <number>', 'at most so many (1 to 100)', '20')
    .option('--cursor <cursor>', 'go on where the list before ended')
    .action(async (given: unknown) => {
      const { limit, cursor, ...options } = listOptionsSchema.parse(given);
      const list = await connect(options)
        .uploads.list({ limit, ...(cursor === undefined ? {} : { cursor }) })
        .page();
      if (options.json) {
        output.document(list);
        return;
      }
      for (const upload of list.uploads) output.line(uploadLine(upload));
      if (list.cursor !== undefined) output.note(`more: lbuild uploads ls --cursor ${list.cursor}`);
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('remove')
    .description('remove uploads; one that a build uses which has not ended stays')
    .argument('<digests...>', 'their SHA-256, as `lbuild uploads ls` shows them')
    .action(async (digests: string[], given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      const removed: RemovedUpload[] = [];
      for (const digest of digests) {
        const upload = await engine.uploads.remove(digest);
        removed.push(upload);
        if (!options.json) output.line(removedLine(upload));
      }
      if (options.json) output.document({ removed });
    });
}

function removedLine({ sha256, size, countedUntil, name = '' }: RemovedUpload): string {
  const counted = countedUntil === undefined ? '' : `  counted until ${countedUntil.slice(0, 16)}Z`;
  return `${sha256}  removed  ${sizeText(size).padStart(9)}${counted}  ${name}`.trimEnd();
}

function uploadLine({ sha256, size, state, expiresAt, name = '' }: Upload): string {
  return `${sha256}  ${state.padEnd(7)}  ${sizeText(size).padStart(9)}  until ${expiresAt.slice(0, 16)}Z  ${name}`.trimEnd();
}
