import { Command } from 'commander';
import { z } from 'zod';
import type { Hold } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { holdLine } from '../retention-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild holds …`: legal holds on what builds made. */
export function holdsCommand(output: Output): Command {
  return new Command('holds')
    .description('legal holds: what a build made is not removed while one is on it')
    .addCommand(listCommand(output))
    .addCommand(placeCommand(output))
    .addCommand(releaseCommand(output));
}

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list the holds that are not released')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const holds: Hold[] = [];
      for await (const hold of connect(options).retention.listHolds()) {
        holds.push(hold);
        if (!options.json) output.line(holdLine(hold));
      }
      if (options.json) output.document({ holds });
    });
}

const reasonOptionsSchema = connectionOptionsSchema.extend({
  reason: z.string(),
  idempotencyKey: z.string().optional(),
});

function placeCommand(output: Output): Command {
  return engineCommand('place')
    .description('put a build on hold')
    .argument('<build>', 'id of the build')
    .requiredOption('--reason <text>', 'why: one line, which the audit log keeps')
    .option('--idempotency-key <key>', 'the same key places the hold once')
    .action(async (build: string, given: unknown) => {
      const { reason, idempotencyKey, ...options } = reasonOptionsSchema.parse(given);
      const hold = await connect(options).retention.placeHold(
        build,
        reason,
        idempotencyKey === undefined ? {} : { idempotencyKey },
      );
      if (options.json) output.document(hold);
      else output.line(holdLine(hold));
    });
}

function releaseCommand(output: Output): Command {
  return engineCommand('release')
    .description('release a hold')
    .argument('<hold>', 'as `ls` shows it')
    .requiredOption('--reason <text>', 'why: one line, which the audit log keeps')
    .action(async (id: string, given: unknown) => {
      const { reason, idempotencyKey: _, ...options } = reasonOptionsSchema.parse(given);
      const hold = await connect(options).retention.releaseHold(id, reason);
      if (options.json) output.document({ ...hold, released: true });
      else output.line(`${hold.id} released`);
    });
}
