import type { ResultRecord, Scenario } from './results.ts';

/** Some measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/** @returns undefined of nothing; the mean of the middle two where they are even in number */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1];
  const high = sorted[Math.floor(sorted.length / 2)];
  const least = sorted[0];
  const most = sorted.at(-1);
  if (low === undefined || high === undefined || least === undefined || most === undefined) return undefined;
  return { median: (low + high) / 2, least, most, count: sorted.length };
}

/** The seconds of a scenario of a series, by round. */
export function secondsByRound(
  records: readonly ResultRecord[],
  series: string,
  scenario: Scenario,
): ReadonlyMap<number, number> {
  return new Map(
    records.flatMap((one) =>
      one.series === series && one.scenario === scenario && one.seconds !== undefined ? [[one.round, one.seconds]] : [],
    ),
  );
}

/** A number beside the time of a scenario, of every round that has it. */
export function factsOf(
  records: readonly ResultRecord[],
  series: string,
  scenario: Scenario,
  fact: string,
): readonly number[] {
  return records.flatMap((one) => {
    const value = one.series === series && one.scenario === scenario ? one.facts[fact] : undefined;
    return value === undefined ? [] : [value];
  });
}

/** What a series takes of another's time, round by round: a machine's slow hour falls on both. */
export function ratioOf(
  records: readonly ResultRecord[],
  scenario: Scenario,
  ours: string,
  others: readonly string[],
): Spread | undefined {
  const theirs = others.map((name) => secondsByRound(records, name, scenario));
  const ratios = [...secondsByRound(records, ours, scenario)].flatMap(([round, seconds]) => {
    const best = Math.min(...theirs.map((times) => times.get(round) ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(best) ? [seconds / best] : [];
  });
  return spreadOf(ratios);
}

/** Why a scenario of a series could not be measured. */
export function errorOf(records: readonly ResultRecord[], series: string, scenario: Scenario): string | undefined {
  return records.find((one) => one.series === series && one.scenario === scenario && one.error !== undefined)?.error;
}
