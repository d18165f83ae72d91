import { Command } from 'commander';
import { z } from 'zod';
import type { MaintenanceStatus } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild maintenance …`: whether the installation takes builds. */
export function maintenanceCommand(output: Output): Command {
  return new Command('maintenance')
    .description('see whether the installation takes builds; for its operator, have it take none for a while')
    .addCommand(statusCommand(output))
    .addCommand(beginCommand(output))
    .addCommand(endCommand(output));
}

function statusCommand(output: Output): Command {
  return engineCommand('status')
    .description('tell whether the installation takes builds')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const status = await connect(options).maintenance.read();
      if (options.json) output.document(status);
      else output.line(statusText(status));
    });
}

const beginOptionsSchema = connectionOptionsSchema.extend({
  until: z.iso.datetime({ offset: true, error: 'it is no ISO 8601 time, such as 2026-12-01T06:00:00Z' }).optional(),
});

function beginCommand(output: Output): Command {
  return engineCommand('begin')
    .description('refuse new builds and start none of the queue; what runs goes on')
    .argument('<reason>', 'why, for every user to read')
    .option('--until <time>', 'when it is likely over, as ISO 8601; it ends by `lbuild maintenance end` alone')
    .action(async (reason: string, given: unknown) => {
      const { until, ...options } = beginOptionsSchema.parse(given);
      const status = await connect(options).maintenance.begin({
        ...{ reason },
        ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
      });
      if (options.json) output.document(status);
      else output.line(statusText(status));
    });
}

function endCommand(output: Output): Command {
  return engineCommand('end')
    .description('take builds again, and start the queue')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const status = await connect(options).maintenance.end();
      if (options.json) output.document(status);
      else output.line(statusText(status));
    });
}

function statusText({ maintenance }: MaintenanceStatus): string {
  if (maintenance === null) return 'The installation takes builds.';
  const { reason, since, until } = maintenance;
  const end = until === undefined ? '' : `, likely until ${until}`;
  return `The installation takes no new builds since ${since}${end}: ${reason}`;
}
