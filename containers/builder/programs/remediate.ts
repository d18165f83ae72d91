/**
 * remediate: changes the tree so that checks of compliance pass, as data: nothing of it is run, and links lead where they
 * would in the image, never out of it.
 *
 *   changes:                                  Required, made in their order.
 *     - {kind: write, path, text, mode}       Each of one kind: files, links, settings, modes, PAM, accounts.
 *
 * What already is as it is to be stays untouched: applied twice, it changes nothing the second time.
 */
import { remediate as declaration, type TreeChange } from '../../../core/plan/programs/remediate.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { limitPasswordDays, takeShells } from './remediation/accounts.ts';
import { closeToOthers, limitMode } from './remediation/modes.ts';
import { withTlsFloor } from './remediation/openssl-text.ts';
import { addPamProfiles } from './remediation/pam-profiles.ts';
import { withSetting } from './remediation/settings-text.ts';
import { editFile, keepFile, keepLink, withGroupLine } from './remediation/tree-edits.ts';
import { existsInTree } from './tree/tree-file.ts';

type Context = ProgramContext<OptionsOf<typeof declaration>>;

/** More lines of the log are nothing that anybody reads. */
const mostLines = 400;

/** Makes one change. @returns what came of it, a line each; nothing where all was as it is to be */
async function apply(context: Context, change: TreeChange): Promise<string[]> {
  switch (change.kind) {
    case 'write':
      if (!(await wanted(context, change.ifThere))) return [];
      return keepFile(context, change.path, change.text, change.mode);
    case 'link':
      if (!(await wanted(context, change.ifThere))) return [];
      return keepLink(context, change.path, change.target);
    case 'setting':
      return editFile(context, change.path, (text) => withSetting(text, change));
    case 'mode':
      return limitMode(context, change);
    case 'pam-profiles':
      return addPamProfiles(context, change, context.log);
    case 'su-group':
      return editFile(context, '/etc/pam.d/su', (text) => withGroupLine(text, change.line));
    case 'tls-floor':
      return editFile(context, '/etc/ssl/openssl.cnf', (text) => withTlsFloor(text, change.minimum));
    case 'password-days':
      return limitPasswordDays(context, change.days);
    case 'no-shells':
      return takeShells(context, change.except);
    case 'not-for-all':
      return closeToOthers(context.tree);
  }
}

const wanted = async (context: Context, ifThere: string | undefined): Promise<boolean> =>
  ifThere === undefined || (await existsInTree(context, ifThere));

async function run(context: Context): Promise<ProgramOutcome> {
  const changed: string[] = [];
  for (const change of context.options.changes) changed.push(...(await apply(context, change)));
  for (const line of changed.slice(0, mostLines)) context.log(line);
  if (changed.length > mostLines) context.log(`and ${changed.length - mostLines} more`);
  return { facts: { changed: String(changed.length) } };
}

export const remediate: StepProgram<typeof declaration.options> = { declaration, run };
