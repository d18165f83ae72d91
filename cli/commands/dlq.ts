import { Command, Option } from 'commander';
import { z } from 'zod';
import { deadLetterStates } from '../../core/dead-letters/dead-letter.ts';
import type { DeadLetter } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild dlq …`: asynchronous work that was given up, for who runs the installation. */
export function dlqCommand(output: Output): Command {
  return new Command('dlq')
    .description('work that the installation has given up: list it, have it done again, forget it')
    .addCommand(listCommand(output))
    .addCommand(redriveCommand(output))
    .addCommand(discardCommand(output));
}

const listOptionsSchema = connectionOptionsSchema.extend({
  state: z.enum(deadLetterStates),
  limit: z.coerce.number().int().min(1).max(100),
  cursor: z.string().optional(),
});

function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list dead letters, the latest first')
    .addOption(
      new Option('--state <state>', 'open, or redriven and not failed since').choices(deadLetterStates).default('open'),
    )
    .option('--limit <number>', 'at most so many (1 to 100)', '20')
    .option('--cursor <cursor>', 'go on where the list before ended')
    .action(async (given: unknown) => {
      const { state, limit, cursor, ...options } = listOptionsSchema.parse(given);
      const page = await connect(options)
        .deadLetters.list({
          state,
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        })
        .page();
      if (options.json) return output.document(page);
      for (const letter of page.deadLetters) output.line(letterText(letter));
      if (page.cursor !== undefined) output.note(`more: lbuild dlq list --state ${state} --cursor ${page.cursor}`);
    });
}

function redriveCommand(output: Output): Command {
  return engineCommand('redrive')
    .description('have the work done again; it may be done twice, which does no harm')
    .argument('<id...>', 'ids of dead letters')
    .action(async (ids: string[], given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      const deadLetters: DeadLetter[] = [];
      for (const id of ids) {
        deadLetters.push(await engine.deadLetters.redrive(id));
        if (!options.json) output.line(`${id} redriven`);
      }
      if (options.json) output.document({ deadLetters });
    });
}

function discardCommand(output: Output): Command {
  return engineCommand('discard')
    .description('forget dead letters; nothing is done again')
    .argument('<id...>', 'ids of dead letters')
    .action(async (ids: string[], given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      for (const id of ids) {
        await engine.deadLetters.discard(id);
        if (!options.json) output.line(`${id} discarded`);
      }
      if (options.json) output.document({ discarded: ids });
    });
}

/** Two lines: what failed where and how often, and why. */
function letterText({ id, source, event, attempts, lastAt, error, redrivable }: DeadLetter): string {
  const what = event === undefined ? 'an event that cannot be read' : `${event.type} of ${event.tenantId}`;
  const calls = attempts === 1 ? '1 call' : `${attempts} calls`;
  const note = redrivable ? '' : '  (cannot be redriven)';
  return `${id}  ${lastAt}  ${source}: ${what}, ${calls}${note}\n    ${error.split('\n')[0] ?? ''}`;
}
