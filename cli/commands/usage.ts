import { Command, Option } from 'commander';
import { z } from 'zod';
import { csvOf, csvText } from '../../core/billing/csv.ts';
import { usageKinds } from '../../core/billing/kinds.ts';
import { usageGroupings } from '../../core/billing/usage-view.ts';
import type { UsageRow } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { money } from '../money.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild usage …`: what was used. */
export function usageCommand(output: Output): Command {
  return new Command('usage')
    .description('what the tenant has used: builders, storage, downloads, calls, approvals')
    .addCommand(showCommand(output), { isDefault: true })
    .addCommand(recordsCommand(output))
    .addCommand(buildCommand(output));
}

const showOptionsSchema = connectionOptionsSchema.extend({
  by: z.enum(usageGroupings).default('kind'),
  from: z.string().optional(),
  to: z.string().optional(),
  kind: z.enum(usageKinds).optional(),
  team: z.string().optional(),
  csv: z.boolean().default(false),
});

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show what was used, in the billing month that runs unless a span is given')
    .addOption(new Option('--by <what>', 'rows by what').choices([...usageGroupings]))
    .option('--from <day>', 'first day, UTC, such as 2026-11-01')
    .option('--to <day>', 'the first day that is not meant')
    .addOption(new Option('--kind <kind>', 'only of this kind').choices([...usageKinds]))
    .option('--team <teamId>', 'only of this team')
    .option('--csv', 'answer with CSV')
    .action(async (given: unknown) => {
      const { by, from, to, kind, team, csv, ...options } = showOptionsSchema.parse(given);
      const rows = await connect(options)
        .billing.readUsage({
          ...{ by, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
          ...(kind === undefined ? {} : { kind }),
          ...(team === undefined ? {} : { team }),
        })
        .all();
      if (options.json) output.document({ rows });
      else if (csv) output.line(csvText(csvOf(usageColumns, rows)).trimEnd());
      else for (const row of rows) output.line(usageLine(row));
    });
}

const usageColumns = [
  ...(['day', 'teamId', 'buildId', 'kind', 'quantity', 'unit', 'shown', 'shownUnit', 'microDollars'] as const),
];

function usageLine({ day, teamId, buildId, kind, shown, shownUnit, microDollars }: UsageRow): string {
  const of = day ?? teamId ?? buildId;
  return `${of === undefined ? '' : `${of}  `}${kind}  ${shown} ${shownUnit}  ${money(microDollars)}`;
}

function recordsCommand(output: Output): Command {
  return engineCommand('records')
    .description('list the records of a day: what the sums and the invoices are of')
    .argument('<day>', 'UTC, such as 2026-11-26')
    .action(async (day: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const records = await connect(options).billing.listUsageRecords(day).all();
      if (options.json) {
        output.document({ records });
        return;
      }
      for (const { kind, shown, shownUnit, payer, buildId, stage, attempt, ending } of records) {
        const of = stage === undefined ? (buildId ?? '') : `${buildId} ${stage} attempt ${attempt} (${ending})`;
        output.line(
          `${kind}  ${shown} ${shownUnit}  ${payer === 'tenant' ? '' : 'paid by the service  '}${of}`.trimEnd(),
        );
      }
    });
}

function buildCommand(output: Output): Command {
  return engineCommand('build')
    .description('show what the builders of a build cost')
    .argument('<buildId>')
    .action(async (buildId: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const cost = await connect(options).builds.readCost(buildId);
      if (options.json) {
        output.document(cost);
        return;
      }
      for (const { kind, shown, shownUnit, microDollars } of cost.lines) {
        output.line(`${kind}  ${shown} ${shownUnit}  ${money(microDollars)}`);
      }
      const shares = cost.sharesWith === undefined ? '' : `  (its work is that of ${cost.sharesWith}, which is billed)`;
      output.line(`${cost.complete ? 'total' : 'so far'}  ${money(cost.microDollars)}${shares}`);
    });
}
