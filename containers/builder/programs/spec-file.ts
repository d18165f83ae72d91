/**
 * spec-file: writes the spec that the tree is made of into the tree, as data.
 *
 *   path: /usr/share/lbuild/spec.json   Required. Its folder is made; what stands there is replaced, but for a folder.
 *   text: '{"base":…}'                  Required. Written as it is: the planner has left secrets out.
 *
 * The file is 0600 and root's: it holds what the spec's files do, and some of these are for root alone.
 */
import { specFile as declaration } from '../../../core/plan/programs/spec-file.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { writeTreeFile } from './tree/tree-file.ts';

async function run(context: ProgramContext<OptionsOf<typeof declaration>>): Promise<ProgramOutcome> {
  const { path, text } = context.options;
  await writeTreeFile(context, path, text, { mode: 0o600 });
  return { facts: { bytes: String(Buffer.byteLength(text)) } };
}

export const specFile: StepProgram<typeof declaration.options> = { declaration, run };
