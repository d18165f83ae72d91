import type { Command } from 'commander';
import { z } from 'zod';
import type { LinuxBuilderClient } from '../../sdk/client.ts';
import type { LogLine } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { elapsed } from '../elapsed.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  follow: z.boolean().default(false),
  stage: z.string().optional(),
});

/** `lbuild logs ID [-f]`: prints the log of a build. */
export function logsCommand(output: Output): Command {
  return engineCommand('logs')
    .description('print the log of a build')
    .argument('<id>', 'id of the build')
    .option('-f, --follow', 'go on until the build has ended')
    .option('--stage <id>', 'only this stage, such as s1')
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const stage = options.stage === undefined ? {} : { stage: options.stage };
      const lines = options.follow ? engine.streamLogs(id, stage) : linesSoFar(engine, id, stage);
      const kept: LogLine[] = [];
      for await (const line of lines) {
        if (options.json) kept.push(line);
        else output.line(`${line.stage} ${elapsed(line.at).padStart(7)} ${line.step}: ${line.text}`);
      }
      if (options.json) output.document({ id, lines: kept });
    });
}

/** What is there now: pages follow each other until one is empty. */
async function* linesSoFar(
  engine: LinuxBuilderClient,
  id: string,
  stage: { readonly stage?: string },
): AsyncGenerator<LogLine> {
  let cursor: string | undefined;
  for (;;) {
    const part = await engine.builds.readLogs(id, { ...stage, ...(cursor === undefined ? {} : { cursor }) });
    yield* part.lines;
    if (part.complete || part.lines.length === 0) return;
    cursor = part.cursor;
  }
}
