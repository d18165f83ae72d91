import type { Command } from 'commander';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild trace ID`: the spans of a build as collectors of OpenTelemetry take them. */
export function traceCommand(output: Output): Command {
  return engineCommand('trace')
    .description('print where the time of a build went, as collectors of OpenTelemetry take it (OTLP, JSON)')
    .argument('<id>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const trace = await connect(options).builds.readTrace(id);
      if (options.json) output.document(trace);
      else output.line(JSON.stringify(trace));
    });
}
