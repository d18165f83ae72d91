import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { analyticsChart } from '../../core/analytics/chart.ts';
import { groupings } from '../../core/analytics/read-analytics.ts';
import type { BuildAnalytics, BuildFigures } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  from: z.string().optional(),
  to: z.string().optional(),
  by: z.enum(groupings),
  chart: z.string().optional(),
});

/** `lbuild analytics`: what builds come to over days, as a table or as a chart. */
export function analyticsCommand(output: Output): Command {
  return engineCommand('analytics')
    .description('what the builds that ended come to: outcomes, durations, cache, cost, failures')
    .option('--from <day>', 'first day, such as 2026-11-01; 30 days without it')
    .option('--to <day>', 'last day; today without it')
    .addOption(new Option('--by <grouping>', 'what groups are made by').choices(groupings).default('day'))
    .option('--chart <file>', 'draw it into this file, as SVG')
    .action(async (given: unknown) => {
      const { from, to, by, chart, ...options } = optionsSchema.parse(given);
      const found = await connect(options).analytics.read({
        groupBy: by,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
      if (chart !== undefined) {
        await writeFile(chart, analyticsChart(`Builds that ended from ${found.from} to ${found.to}`, found.groups));
        output.note(`chart written to ${chart}`);
      }
      if (options.json) output.document(found);
      else for (const line of tableOf(found)) output.line(line);
    });
}

const columns = ['', 'builds', 'failed', 'p50 s', 'p90 s', 'queue p50 s', 'cached', 'USD'] as const;

function tableOf({ all, groups }: BuildAnalytics): string[] {
  const rows = [...groups.map(({ group, figures }) => cells(group, figures)), cells('all', all)];
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const lined = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  const failures = all.failures.map(({ code, builds }) => `${builds} failed with ${code}`);
  return [lined(columns), ...rows.map(lined), ...failures];
}

function cells(group: string, figures: BuildFigures): string[] {
  const { builds, outcomes, totalSeconds, queueSeconds, cacheHitRate, microDollars } = figures;
  const seconds = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(1));
  return [
    group,
    String(builds),
    String(outcomes.failed),
    seconds(totalSeconds?.p50),
    seconds(totalSeconds?.p90),
    seconds(queueSeconds?.p50),
    cacheHitRate === null ? '-' : `${(100 * cacheHitRate).toFixed(0)} %`,
    (microDollars / 1_000_000).toFixed(4),
  ];
}
