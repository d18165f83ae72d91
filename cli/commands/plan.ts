import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import { keptLock } from '../lock-file.ts';
import type { Output } from '../output.ts';
import { planText } from '../plan-report.ts';
import { readSpecFile, withPlaces } from '../spec-file.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  mermaid: z.boolean().default(false),
  svg: z.string().optional(),
  lock: z.string().optional(),
});

/** `lbuild plan FILE`: shows what a build would do, and starts nothing. */
export function planCommand(output: Output): Command {
  return engineCommand('plan')
    .description('show what a build of a spec would do: steps, what is cached and why the rest is not, time and cost')
    .argument('<file>', 'the spec, in YAML, JSON or TOML; - is standard input')
    .option('--mermaid', 'answer with the graph as a Mermaid flowchart')
    .option('--lock <file>', 'plan from a lock, as `lbuild lock` writes it')
    .option('--svg <file>', 'write the graph to a file as SVG')
    .action(async (file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const spec = await readSpecFile(file);
      const lock = await keptLock(engine, options.lock);
      const plan = await withPlaces(spec, engine.builds.preview(spec, { svg: options.svg !== undefined, ...lock }));
      if (options.svg !== undefined) await writeGraph(options.svg, plan.svg ?? '');
      if (!options.json) for (const { message } of plan.warnings ?? []) output.note(`warning: ${message}`);
      if (options.json) output.document(plan);
      else output.line(options.mermaid ? plan.mermaid.trimEnd() : planText(plan));
    });
}

async function writeGraph(file: string, svg: string): Promise<void> {
  try {
    await writeFile(file, svg);
  } catch (error) {
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unwritable',
        detail: `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Name a file in a folder that you may write to.',
      },
      error,
    );
  }
}
