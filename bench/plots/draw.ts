import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInRoot } from '../peers/private-root.ts';
import type { ResultRecord, Scenario } from '../peers/results.ts';
import type { Series } from '../peers/series.ts';
import { secondsByRound, spreadOf } from '../peers/summary.ts';
import { type BarGroup, barChart } from './bar-chart.ts';

const plots = [
  { name: 'peers-cold', scenario: 'cold', title: 'Cold build of the reference image (warm package cache)' },
  { name: 'peers-changed', scenario: 'changed', title: 'The reference image after one changed file' },
] as const satisfies readonly { name: string; scenario: Scenario; title: string }[];

export interface DrawOptions {
  readonly records: readonly ResultRecord[];
  readonly series: readonly Pick<Series, 'name' | 'title' | 'output'>[];
  readonly peersRoot: string;
  /** A folder to work in. */
  readonly ground: string;
  readonly project: string;
}

/** Draws docs/plots/*.png of the medians; a scenario that nobody has measured is left out. */
export async function drawPlots(options: DrawOptions): Promise<string[]> {
  const work = join(options.ground, 'plots');
  const target = join(options.project, 'docs/plots');
  const made: string[] = [];
  for (const { name, scenario, title } of plots) {
    const groups = barGroups(options, scenario);
    if (groups.length === 0) continue;
    mkdirSync(work, { recursive: true });
    mkdirSync(target, { recursive: true });
    writeFileSync(join(work, `${name}.svg`), barChart(title, groups));
    await runInRoot({
      root: options.peersRoot,
      work,
      argv: ['rsvg-convert', '--output', `/bench/${name}.png`, `/bench/${name}.svg`],
      logFile: join(work, 'log'),
      timeoutSeconds: 60,
    });
    copyFileSync(join(work, `${name}.png`), join(target, `${name}.png`));
    made.push(join(target, `${name}.png`));
  }
  rmSync(work, { recursive: true, force: true });
  return made;
}

function barGroups({ records, series }: DrawOptions, scenario: Scenario): BarGroup[] {
  return (['iso', 'raw'] as const).flatMap((output) => {
    const bars = series
      .filter((one) => one.output === output)
      .flatMap(({ name, title }) => {
        const spread = spreadOf([...secondsByRound(records, name, scenario).values()]);
        return spread === undefined ? [] : [{ label: title, ours: name.startsWith('ours-'), ...spread }];
      });
    return bars.length === 0 ? [] : [{ title: output === 'iso' ? 'Hybrid ISO' : 'Disk image', bars }];
  });
}
