import type { Verdict } from './bounds.ts';
import { type ResultRecord, type Scenario, scenarios } from './results.ts';
import type { Series } from './series.ts';
import { errorOf, ratioOf, type Spread, secondsByRound, spreadOf } from './summary.ts';

const headings: Readonly<Record<Scenario, string>> = {
  cold: 'cold',
  unchanged: 'unchanged',
  changed: 'a changed file',
  added: 'one more package',
};

/** Tables in Markdown: seconds and ratios by tool, then the bounds. */
export function reportTables(
  records: readonly ResultRecord[],
  series: readonly Pick<Series, 'name' | 'title' | 'output' | 'scenarios'>[],
  verdicts: readonly Verdict[],
): string {
  const times = table(
    [
      'output',
      'tool',
      ...scenarios.map((scenario) => `${headings[scenario]}, s`),
      'ours / it, cold',
      'changed',
      'rounds',
    ],
    series.map(({ name, title, output, scenarios: own }) => [
      output === 'iso' ? 'ISO' : 'disk image',
      title,
      ...scenarios.map((scenario) => (own.includes(scenario) ? timeCell(records, name, scenario) : '')),
      ...(['cold', 'changed'] as const).map((scenario) => ratioCell(records, scenario, output, name)),
      String(secondsByRound(records, name, 'cold').size),
    ]),
  );
  const failures = series.flatMap(({ name, title, scenarios: own }) =>
    own.flatMap((scenario) => {
      const error = errorOf(records, name, scenario);
      return error === undefined
        ? []
        : [`- ${title} (${headings[scenario]}) cannot be measured here: ${inline(error)}`];
    }),
  );
  const bounds = table(
    ['bound', 'at most', 'found: median (least–most)', ''],
    verdicts.map(({ what, unit, most, found, verdict }) => [
      what,
      withUnit(String(most), unit),
      found === undefined ? '' : withUnit(spreadText(found), unit),
      verdict,
    ]),
  );
  return [times, ...(failures.length === 0 ? [] : [failures.join('\n')]), bounds].join('\n\n');
}

function timeCell(records: readonly ResultRecord[], series: string, scenario: Scenario): string {
  const spread = spreadOf([...secondsByRound(records, series, scenario).values()]);
  if (spread !== undefined) return spreadText(spread);
  return errorOf(records, series, scenario) === undefined ? '' : 'cannot';
}

function ratioCell(
  records: readonly ResultRecord[],
  scenario: 'cold' | 'changed',
  output: Series['output'],
  series: string,
): string {
  const ours = `ours-${output}`;
  const ratio = series === ours ? undefined : ratioOf(records, scenario, ours, [series]);
  return ratio === undefined ? '' : ratio.median.toFixed(2);
}

function spreadText({ median, least, most, count }: Spread): string {
  const digits = most >= 100 ? 0 : most >= 10 ? 1 : 2;
  const text = median.toFixed(digits);
  return count === 1 ? text : `${text} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

function withUnit(text: string, unit: string): string {
  return unit === '' ? text : `${text} ${unit}`;
}

/** Text of a tool as one line of Markdown, without what would name an address or be read as markup. */
function inline(text: string): string {
  const plain = text.replace(/https?:\/\/[^\s'"]+/g, 'URL').replace(/[`|<>]/g, ' ');
  return `\`${plain.replace(/\s+/g, ' ').trim().slice(0, 160)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}
