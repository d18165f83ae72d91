/**
 * inspect: reads the tree as data and tells what checks of compliance are judged by. Nothing of the tree is run.
 *
 *   folders: [etc, boot]                       Required: their paths are listed, with all below them.
 *   texts: [etc/passwd, {folder: …, ends: …}]  Required: files whose text is told. No secret is among them.
 *
 * Modes, owners and links are those of the layers' indexes; contents are read from the tree. Packaged files are compared
 * with the checksums of their packages, and what is not as a package brought it is searched for private keys and tokens.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect as declaration } from '../../../core/plan/programs/inspect.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { readInspection } from './inspection/read-inspection.ts';

async function run(context: ProgramContext<OptionsOf<typeof declaration>>): Promise<ProgramOutcome> {
  const indexed = await context.layers.paths();
  const entries = new Map([...indexed].map(([path, { entry }]) => [path, entry]));
  const source = { entries, place: (path: string) => context.layers.placeOf(context.tree, path) };
  const inspection = await readInspection(source, context.options, context);
  const { accounts, packages, changed, secrets } = inspection;
  context.log(
    `${entries.size} paths, ${packages.length} packages, ${accounts.length} accounts; ${changed.count} packaged files changed, ${secrets.count} secrets`,
  );
  const file = join(context.scratch, 'inspection.json');
  await writeFile(file, JSON.stringify(inspection));
  return { inspection: { file }, facts: { paths: String(entries.size), packages: String(packages.length) } };
}

export const inspect: StepProgram<typeof declaration.options> = { declaration, run };
