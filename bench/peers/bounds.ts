import type { ResultRecord } from './results.ts';
import { factsOf, ratioOf, type Spread, secondsByRound, spreadOf } from './summary.ts';

/** What this project asks of itself, and what came out. */
export interface Verdict {
  readonly what: string;
  readonly unit: '' | 's' | 'ms' | '%';
  readonly most: number;
  /** Absent where what it needs was not measured. */
  readonly found?: Spread;
  readonly verdict: 'pass' | 'fail' | 'not measured';
}

/** The peers that rebuild from caches of their own. */
const incremental = ['live-build-iso', 'mkosi-raw', 'debos-raw', 'vmdb2-raw'] as const;

/** Judges the medians of what was measured. */
export function judge(records: readonly ResultRecord[]): Verdict[] {
  const seconds = (series: string, scenario: 'changed' | 'added' | 'unchanged') =>
    spreadOf([...secondsByRound(records, series, scenario).values()]);
  const ratio = (scenario: 'cold' | 'changed', ours: string, ...others: string[]) =>
    ratioOf(records, scenario, ours, others);
  const cold = factsOf(records, 'ours-iso', 'cold', 'outsideStepsMs');
  const coldWhole = factsOf(records, 'ours-iso', 'cold', 'engineMs');
  const share = spreadOf(cold.map((outside, position) => (100 * outside) / (coldWhole[position] ?? Number.NaN)));
  return [
    verdict('cold ISO, of the floor', '', 0.8, ratio('cold', 'ours-iso', 'floor-iso')),
    verdict('cold ISO, of live-build', '', 0.2, ratio('cold', 'ours-iso', 'live-build-iso')),
    verdict('cold ISO, of the naive script', '', 0.35, ratio('cold', 'ours-iso', 'naive-iso')),
    verdict('cold disk image, of mkosi', '', 0.5, ratio('cold', 'ours-raw', 'mkosi-raw')),
    verdict('cold disk image, of debos', '', 0.55, ratio('cold', 'ours-raw', 'debos-raw')),
    verdict('cold disk image, of vmdb2', '', 0.55, ratio('cold', 'ours-raw', 'vmdb2-raw')),
    verdict('a changed file, ISO, of the best peer', '', 0.2, ratio('changed', 'ours-iso', ...incremental)),
    ...['ours-iso', 'ours-iso-disk'].flatMap((series) => {
      const place = series === 'ours-iso' ? '' : ', its folder on the disk';
      return [
        verdict(`a changed file, ISO${place}`, 's', 2.5, seconds(series, 'changed')),
        verdict(`one more package, ISO${place}`, 's', 8, seconds(series, 'added')),
        verdict(`unchanged, ISO${place}`, 's', 0.3, seconds(series, 'unchanged')),
      ];
    }),
    verdict('unchanged, builders started', '', 0, spreadOf(factsOf(records, 'ours-iso', 'unchanged', 'builders'))),
    verdict('cold ISO, outside step programs', '%', 3, share),
    verdict(
      'a changed file, outside step programs',
      'ms',
      300,
      spreadOf(factsOf(records, 'ours-iso', 'changed', 'outsideStepsMs')),
    ),
  ];
}

function verdict(what: string, unit: Verdict['unit'], most: number, found: Spread | undefined): Verdict {
  if (found === undefined) return { what, unit, most, verdict: 'not measured' };
  return { what, unit, most, found, verdict: found.median <= most ? 'pass' : 'fail' };
}
