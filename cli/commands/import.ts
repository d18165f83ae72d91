import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { specLimits } from '../../core/spec/limits.ts';
import { architectures, releaseNames } from '../../core/spec/releases.ts';
import { setExit } from '../exit.ts';
import { CliFailure } from '../failure.ts';
import { countFates, headerLines, placedFindings, reportLines } from '../import-report.ts';
import { readImportSource, sourceKinds } from '../import-source.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({
  kind: z.enum(sourceKinds).optional(),
  output: z.string().default('-'),
  release: z.enum(releaseNames).optional(),
  architecture: z.enum(architectures).optional(),
  force: z.boolean().default(false),
  strict: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `lbuild import FILE`: makes a spec of what another image builder takes, and says of each line what became of it. */
export function importCommand(output: Output): Command {
  return new Command('import')
    .description(
      'make a spec of an osbuild blueprint, a mkosi.conf or cloud-init user-data, and tell what became of each line',
    )
    .argument('<file>', 'what to import; - is standard input')
    .addOption(
      new Option('--kind <kind>', 'what it is, where neither its name nor what it holds tells').choices(sourceKinds),
    )
    .option('--output <file>', 'where the spec goes; - is standard output', '-')
    .addOption(new Option('--release <release>', 'what to build, whatever the file says').choices(releaseNames))
    .addOption(new Option('--architecture <name>', 'for what, whatever the file says').choices(architectures))
    .option('--force', 'replace the file of the spec where there is one')
    .option('--strict', 'exit 2 where something has no counterpart')
    .option('--json', 'answer with one JSON document: spec and findings')
    .action(async (file: string, given: unknown) => importFile(file, optionsSchema.parse(given), output));
}

async function importFile(file: string, options: z.infer<typeof optionsSchema>, output: Output): Promise<void> {
  const { kind, document, source } = await readImportSource(file, options.kind);
  // Loaded here and not above: most commands never need the rules.
  const [{ importDocument }, { specName }, bcrypt, { gunzipSync }] = await Promise.all([
    import('../../core/import/import-document.ts'),
    import('../../core/import/texts.ts'),
    import('bcryptjs'),
    import('node:zlib'),
  ]);
  const { release, architecture } = options;
  const imported = importDocument(kind, document, {
    name: specName(path.basename(file).replace(/\.[^.]*$/, '')) ?? 'imported',
    ...{ release, architecture },
    gunzip: (bytes) => tryTo(() => gunzipSync(bytes, { maxOutputLength: specLimits.fileBytes.value })),
    hashPassword: (plain) => (bcrypt.truncates(plain) ? undefined : bcrypt.hashSync(plain, hashRounds)),
  });
  const findings = await placedFindings(imported, source);
  const lines = reportLines(file, findings, imported);
  const counts = countFates(findings);
  const text = await specText(imported.spec, headerLines(file, findings, imported));
  const isPrinted = options.output === '-';
  if (!isPrinted) await writeSpec(options.output, text, options.force);
  if (options.json) {
    const { spec, assumed } = imported;
    output.document({ file, kind, spec, ...(isPrinted ? {} : { output: options.output }), counts, findings, assumed });
  } else {
    for (const line of lines) output.note(line);
    if (isPrinted) output.line(text.trimEnd());
    else output.line(`${options.output} written; next: lbuild validate ${options.output}`);
  }
  if (options.strict && counts.dropped > 0) setExit('usage');
}

/** Cost of a hash: 2^12 rounds take some 300 ms here. */
const hashRounds = 12;

function tryTo<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

async function specText(spec: object, remarks: readonly string[]): Promise<string> {
  const { Document } = await import('yaml');
  const document = new Document(spec, { aliasDuplicateObjects: false });
  document.commentBefore = remarks.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 });
}

async function writeSpec(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliFailure(
      'usage',
      isThere
        ? { code: 'cli.file_exists', detail: `${file} is there already.`, remedy: 'Name another file, or add --force.' }
        : { code: 'cli.file_unwritable', detail: `${file} cannot be written: ${reason}`, remedy: 'Name another file.' },
      error,
    );
  }
}
