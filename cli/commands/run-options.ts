import { type Command, Option } from 'commander';
import { z } from 'zod';
import { priorities } from '../../core/queue/priority.ts';
import { connectionOptionsSchema } from './common-options.ts';

/** Options of every command that starts a build. */
export const runOptionsSchema = connectionOptionsSchema.extend({
  wait: z.boolean().default(false),
  keepGoing: z.literal(true).optional(),
  force: z.literal(true).optional(),
  idempotencyKey: z.string().optional(),
  priority: z.enum(priorities).optional(),
});

/** A command with the options of those that start a build. */
export function withRunOptions(command: Command): Command {
  return command
    .option('--wait', 'wait for the end, show progress, and exit by the outcome')
    .option('--keep-going', 'after a failure, go on with all that does not need the failed step')
    .option('--force', 'run on its own, though the same plan runs already; the cache serves it all the same')
    .addOption(
      new Option('--priority <priority>', 'among the builds of its team; normal unless given').choices(priorities),
    )
    .option('--idempotency-key <key>', 'the same key and request within a day answer the same build');
}

/** What the SDK's calls take of the options; each call is one build, unless the caller names a key. */
export function runOf(
  options: z.output<typeof runOptionsSchema>,
  newKey: () => string,
): { idempotencyKey: string; keepGoing?: true; force?: true; priority?: (typeof priorities)[number] } {
  const keepGoing = options.keepGoing === undefined ? {} : { keepGoing: options.keepGoing };
  const force = options.force === undefined ? {} : { force: options.force };
  const priority = options.priority === undefined ? {} : { priority: options.priority };
  return { idempotencyKey: options.idempotencyKey ?? newKey(), ...keepGoing, ...force, ...priority };
}
