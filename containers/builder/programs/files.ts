/**
 * files: makes folders, writes the files given in the spec, and removes paths, in this order; nothing of the tree is run.
 *
 *   directories:           Optional.
 *     - path: /srv/data    Required, absolute. One that is there gets mode and owners, and keeps what is in it.
 *       mode: "0755"       These as for files.
 *   files:
 *     - path: /etc/motd    Required, absolute.
 *       content: "text\n"  UTF-8; or
 *       base64: "AAE="     bytes; or
 *       upload: 9f86d0…    SHA-256 of an upload, whose bytes are checked as they are written.
 *       mode: "0644"       Octal permission bits.
 *       owner: root        Name or number; a name must be a user of the image.
 *       group: root        Name or number; a name must be a group of the image.
 *   remove:                Optional.
 *     - path: /etc/motd    Required, absolute. A folder goes with all that is in it.
 *       ifPresent: false   That it is not there is an error unless true.
 *
 * Missing parents are made 0755 and owned by root. Symlinks among the parents are followed inside the tree, as the
 * booted system would follow them. At the path itself a symlink is replaced by a file, refused for a folder, and
 * removed itself.
 */
import { files as declaration } from '../../../core/plan/programs/customise.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { type AccountTable, needAccountTable, rowOf } from './tree/account-table.ts';
import { writeTreeFile } from './tree/tree-file.ts';
import { removeInTree, setFolder } from './tree/tree-folder.ts';

type Options = OptionsOf<typeof declaration>;
type Attributes = Pick<Options['files'][number], 'mode' | 'owner' | 'group'>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { files: written, directories = [], remove = [] } = context.options;
  const passwd = await needAccountTable(context, '/etc/passwd');
  const group = await needAccountTable(context, '/etc/group');
  const attributesOf = (entry: Attributes, field: string) => ({
    mode: Number.parseInt(entry.mode, 8),
    uid: numberOf(passwd, entry.owner, `${field}.owner`, 'user'),
    gid: numberOf(group, entry.group, `${field}.group`, 'group'),
  });
  for (const [position, folder] of directories.entries()) {
    const field = `directories[${position}]`;
    await inField(field, () => setFolder(context, folder.path, attributesOf(folder, field)));
  }
  for (const [position, file] of written.entries()) {
    const field = `files[${position}]`;
    await writeTreeFile(context, file.path, contentOf(context, file, field), attributesOf(file, field));
  }
  for (const [position, { path, ifPresent }] of remove.entries()) {
    const field = `remove[${position}]`;
    const removed = await inField(field, () => removeInTree(context, path));
    if (!removed && !ifPresent) {
      const reason = `${field}.path: ${path} is not in the image; correct it, or say ifPresent: true`;
      throw new StepError('step.failed', reason);
    }
  }
  const more = (name: string, list: readonly unknown[]) => (list.length > 0 ? { [name]: String(list.length) } : {});
  return { facts: { files: String(written.length), ...more('directories', directories), ...more('removed', remove) } };
}

/** Lets a refusal name the field that it is about. */
async function inField<Result>(field: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StepError && !error.message.startsWith(field)) {
      throw new StepError(error.code, `${field}.path: ${error.message}`);
    }
    throw error;
  }
}

function contentOf(
  { uploaded }: Pick<ProgramContext<Options>, 'uploaded'>,
  file: Options['files'][number],
  field: string,
): Parameters<typeof writeTreeFile>[2] {
  const { upload } = file;
  if (upload !== undefined) return (target) => uploaded.write(upload, target);
  if (file.base64 !== undefined) return Buffer.from(file.base64, 'base64');
  if (file.content !== undefined) return file.content;
  throw new StepError('step.failed', `${field}: neither content, base64 nor upload is given`);
}

function numberOf(table: AccountTable, name: string, field: string, kind: 'user' | 'group'): number {
  if (/^\d+$/.test(name)) return Number(name);
  const row = rowOf(table, name);
  if (row === undefined) {
    throw new StepError(
      'step.failed',
      `${field}: the image has no ${kind} ${name}; add it under ${kind}s or give a number`,
    );
  }
  return Number(row[2]);
}

export const files: StepProgram<typeof declaration.options> = { declaration, run };
