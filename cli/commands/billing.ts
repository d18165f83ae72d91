import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { csvText } from '../../core/billing/csv.ts';
import { invoiceCsv } from '../../core/billing/invoice-csv.ts';
import { rateVersionSchema } from '../../core/billing/rate-card.ts';
import { EngineError } from '../../core/errors.ts';
import { tryJson } from '../../core/json.ts';
import type { Budget, Invoice, RateCard } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { microDollarsOf, money } from '../money.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild billing …`: what is paid for what was used. */
export function billingCommand(output: Output): Command {
  return new Command('billing')
    .description('invoices, budgets, prices')
    .addCommand(previewCommand(output))
    .addCommand(invoicesCommand(output))
    .addCommand(invoiceCommand(output))
    .addCommand(budgetCommand(output))
    .addCommand(ratesCommand(output))
    .addCommand(costsCommand(output));
}

const invoiceOptionsSchema = connectionOptionsSchema.extend({ csv: z.boolean().default(false) });

function previewCommand(output: Output): Command {
  return engineCommand('preview')
    .description('show what the month that runs comes to so far')
    .option('--csv', 'answer with CSV')
    .action(async (given: unknown) => {
      const { csv, ...options } = invoiceOptionsSchema.parse(given);
      showInvoice(output, await connect(options).billing.preview(), { csv, json: options.json });
    });
}

function invoiceCommand(output: Output): Command {
  return engineCommand('invoice')
    .description('show the invoice of a month')
    .argument('<month>', 'in which it begins, such as 2026-11, or its first day')
    .option('--csv', 'answer with CSV')
    .action(async (month: string, given: unknown) => {
      const { csv, ...options } = invoiceOptionsSchema.parse(given);
      showInvoice(output, await connect(options).billing.readInvoice(month), { csv, json: options.json });
    });
}

function invoicesCommand(output: Output): Command {
  return engineCommand('invoices')
    .description('list closed invoices, newest first')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const invoices = await connect(options).billing.listInvoices().all();
      if (options.json) output.document({ invoices });
      else for (const { id, to, microDollars } of invoices) output.line(`${id}  until ${to}  ${money(microDollars)}`);
    });
}

function showInvoice(output: Output, invoice: Invoice, { csv, json }: { csv: boolean; json: boolean }): void {
  if (json) output.document(invoice);
  else if (csv) output.line(csvText(invoiceCsv(invoice)).trimEnd());
  else {
    output.line(`${invoice.state} invoice of the month from ${invoice.from} until before ${invoice.to}`);
    for (const { kind, shown, shownUnit, price, per, microDollars } of invoice.lines) {
      output.line(`${kind}  ${shown} ${shownUnit}  at ${money(price)} a ${per}  ${money(microDollars)}`);
    }
    for (const { period, kind, shown, shownUnit, microDollars } of invoice.adjustments) {
      output.line(`${kind}  ${shown} ${shownUnit}  of the month from ${period}, known late  ${money(microDollars)}`);
    }
    for (const { kind, shown, shownUnit } of invoice.carried) {
      output.line(`${kind}  ${shown} ${shownUnit}  paid by the service`);
    }
    output.line(`total  ${money(invoice.microDollars)}`);
  }
}

const budgetOptionsSchema = connectionOptionsSchema.extend({
  team: z.string().optional(),
  set: z.string().optional(),
  alert: z.array(z.string()).optional(),
  hardStop: z.boolean().default(false),
  remove: z.boolean().default(false),
});

function budgetCommand(output: Output): Command {
  return engineCommand('budget')
    .description('show the budget of the tenant or of a team, set or remove it')
    .option('--team <teamId>', 'that of this team')
    .option('--set <dollars>', 'what may be spent in a month, such as 250 or 99.95')
    .option('--alert <percent...>', 'with --set: percentages at which it is told (50 and 80); at 100 it always is')
    .option('--hard-stop', 'with --set: take no more builds when it is spent')
    .option('--remove', 'take it away')
    .action(async (given: unknown) => {
      const { team, set, alert, hardStop, remove, ...options } = budgetOptionsSchema.parse(given);
      const client = connect(options);
      if (set === undefined && (alert !== undefined || hardStop)) {
        throw new EngineError('request.invalid', '--alert and --hard-stop are for a budget: give one with --set.');
      }
      if (remove) {
        await client.billing.removeBudget(team);
        if (options.json) output.document({ removed: true });
        else output.line('There is no budget any more.');
        return;
      }
      const budget =
        set === undefined
          ? await client.billing.readBudget(team)
          : await client.billing.setBudget(
              {
                ...{ microDollars: microDollarsOf(set), hardStop },
                ...(alert === undefined ? {} : { thresholds: alert.map(Number) }),
              },
              team,
            );
      if (options.json) output.document(budget);
      else output.line(budgetText(budget));
    });
}

function budgetText({ spent, microDollars, from, freesAt, thresholds, hardStop }: Budget): string {
  const stops = hardStop ? 'builds are then refused' : 'builds go on';
  return `${money(spent)} of ${money(microDollars)} since ${from}, until ${freesAt}; told at ${[...thresholds, 100].join(', ')} %, ${stops}`;
}

function ratesCommand(output: Output): Command {
  return new Command('rates')
    .description('the rate card: what one unit of each kind costs')
    .addCommand(
      engineCommand('show')
        .description('show the version that holds, and those to come')
        .action(async (given: unknown) => {
          const options = connectionOptionsSchema.parse(given);
          showRates(output, await connect(options).billing.readRates(), options.json);
        }),
      { isDefault: true },
    )
    .addCommand(
      engineCommand('set')
        .description('add a version, for the operator: a file with from, name and prices in micro-dollars')
        .argument('<file>', 'JSON')
        .action(async (file: string, given: unknown) => {
          const options = connectionOptionsSchema.parse(given);
          const version = rateVersionSchema.safeParse(tryJson(await readFile(file, 'utf8')));
          if (!version.success) {
            throw new EngineError(
              'request.invalid',
              `${file} is no version of a rate card: ${z.prettifyError(version.error)}`,
            );
          }
          const { from, ...rest } = version.data;
          showRates(output, await connect(options).billing.setRates(from, rest), options.json);
        }),
    )
    .addCommand(
      engineCommand('remove')
        .description('take back a version that has not begun, for the operator')
        .argument('<from>', 'its first day')
        .action(async (from: string, given: unknown) => {
          const options = connectionOptionsSchema.parse(given);
          showRates(output, await connect(options).billing.removeRates(from), options.json);
        }),
    );
}

function showRates(output: Output, { current, versions }: RateCard, json: boolean): void {
  if (json) {
    output.document({ current, versions });
    return;
  }
  const rest = versions.filter(({ from }) => from > current.from);
  for (const { from, name, prices } of [current, ...rest]) {
    output.line(`from ${from}: ${name}`);
    for (const [kind, price] of Object.entries(prices)) output.line(`  ${kind}  ${money(price ?? 0)}`);
  }
}

const costOptionsSchema = connectionOptionsSchema.extend({ from: z.string().optional(), to: z.string().optional() });

function costsCommand(output: Output): Command {
  return engineCommand('costs')
    .description('for the operator: what each tenant is billed, and what AWS asks for that by its list prices')
    .option('--from <day>', 'first day, UTC, such as 2026-11-01')
    .option('--to <day>', 'the first day that is not meant')
    .action(async (given: unknown) => {
      const { from, to, ...options } = costOptionsSchema.parse(given);
      const costs = await connect(options)
        .billing.listCosts({
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        })
        .all();
      if (options.json) {
        output.document({ costs });
        return;
      }
      for (const { tenantId, name, billedMicroDollars, aws } of costs) {
        output.line(`${tenantId}  ${name}  billed ${money(billedMicroDollars)}, AWS ${money(aws.microDollars)}`);
      }
    });
}
