import { readFileSync, writeFileSync } from 'node:fs';
import type { Verdict } from './bounds.ts';
import { reportTables } from './report.ts';
import type { ResultRecord } from './results.ts';
import type { Series } from './series.ts';

/** Fewer rounds than these are no result. */
const leastRounds = 3;
const begin = '<!-- bench:peers begin -->';
const end = '<!-- bench:peers end -->';

type Described = Pick<Series, 'name' | 'title' | 'output' | 'scenarios'>;

/** Whether every scenario of every series has its rounds, or has been found impossible here. */
export function isWhole(records: readonly ResultRecord[], series: readonly Described[]): boolean {
  return series.every(({ name, scenarios }) =>
    scenarios.every((scenario) => {
      const own = records.filter((one) => one.series === name && one.scenario === scenario);
      return own.some(({ error }) => error !== undefined) || own.length >= leastRounds;
    }),
  );
}

/** Writes the tables and the plots between the marks of docs/performance.md. @throws Error where the marks are gone */
export function writeSection(
  file: string,
  found: {
    readonly records: readonly ResultRecord[];
    readonly series: readonly Described[];
    readonly verdicts: readonly Verdict[];
    readonly machine: string;
    readonly place: 'memory' | 'disk';
  },
): void {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no marks ${begin} and ${end}`);
  const commits = [...new Set(found.records.map(({ commit }) => commit))].join(', ');
  const days = [...new Set(found.records.map(({ at }) => at.slice(0, 10)))].sort().join(', ');
  const command = `npm run bench:peers${found.place === 'memory' ? '' : ' -- --place disk'}`;
  const place = found.place === 'memory' ? 'in memory (tmpfs)' : 'on the disk';
  const body = [
    `Machine: ${found.machine}. All tools ${place}. Made on ${days} at commit ${commits} by \`${command}\`.`,
    reportTables(found.records, found.series, found.verdicts),
    '![Cold builds: seconds by tool, on a logarithmic scale](plots/peers-cold.png)',
    '![After a changed file: seconds by tool, on a logarithmic scale](plots/peers-changed.png)',
  ].join('\n\n');
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${body}\n\n${text.slice(to)}`);
}
