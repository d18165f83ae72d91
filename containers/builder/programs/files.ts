/**
 * files: writes the files given in the spec; nothing of the tree is run.
 *
 *   files:
 *     - path: /etc/motd    Required, absolute.
 *       content: "text\n"  Required, UTF-8.
 *       mode: "0644"       Octal permission bits.
 *       owner: root        Name or number; a name must be a user of the image.
 *       group: root        Name or number; a name must be a group of the image.
 *
 * Missing parents are made 0755 and owned by root. Symlinks among the parents are followed inside the tree, as the
 * booted system would follow them; a symlink at the path itself is replaced by the file.
 */
import { files as declaration } from '../../../core/plan/programs/customise.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { type AccountTable, needAccountTable, rowOf } from './tree/account-table.ts';
import { writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const passwd = await needAccountTable(context, '/etc/passwd');
  const group = await needAccountTable(context, '/etc/group');
  for (const [position, file] of context.options.files.entries()) {
    const uid = numberOf(passwd, file.owner, `files[${position}].owner`, 'user');
    const gid = numberOf(group, file.group, `files[${position}].group`, 'group');
    await writeTreeFile(context, file.path, file.content, { mode: Number.parseInt(file.mode, 8), uid, gid });
  }
  return { facts: { files: String(context.options.files.length) } };
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
