import { describe, expect, it } from 'vitest';
import { judge } from '../../bench/peers/bounds.ts';
import { chosenSeries } from '../../bench/peers/options.ts';
import { reportTables } from '../../bench/peers/report.ts';
import type { ResultRecord, Scenario } from '../../bench/peers/results.ts';
import { isWhole } from '../../bench/peers/section.ts';
import { ratioOf, spreadOf } from '../../bench/peers/summary.ts';
import { seriesIn } from '../../bench/peers/tools/all.ts';

function measured(
  series: string,
  scenario: Scenario,
  seconds: readonly number[],
  facts: Record<string, number> = {},
): ResultRecord[] {
  return seconds.map((value, position) => ({
    ...{ series, scenario, facts, seconds: value, round: position + 1 },
    at: '2026-11-26T00:00:00.000Z',
    commit: 'abc',
  }));
}

function failed(series: string, scenario: Scenario, error: string): ResultRecord {
  return { series, scenario, round: 1, error, facts: {}, at: '2026-11-26T00:00:00.000Z', commit: 'abc' };
}

function verdictOf(records: readonly ResultRecord[], what: string) {
  return judge(records).find((one) => one.what === what);
}

describe('numbers of several rounds', () => {
  it('takes the middle one, or the mean of the middle two', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3, count: 3 });
    expect(spreadOf([4, 1, 2, 3])?.median).toBe(2.5);
    expect(spreadOf([])).toBeUndefined();
  });

  it('compares within a round, with the best of those that were measured in it', () => {
    const records = [
      ...measured('ours-raw', 'cold', [10, 40]),
      ...measured('debos-raw', 'cold', [20, 80]),
      ...measured('vmdb2-raw', 'cold', [100, 50]),
    ];
    expect(ratioOf(records, 'cold', 'ours-raw', ['debos-raw'])?.median).toBe(0.5);
    expect(ratioOf(records, 'cold', 'ours-raw', ['debos-raw', 'vmdb2-raw'])?.most).toBe(0.8);
    expect(ratioOf(records, 'cold', 'ours-raw', ['mkosi-raw'])).toBeUndefined();
  });
});

describe('the bounds', () => {
  it('pass at the bound and fail above it', () => {
    const floor = measured('floor-iso', 'cold', [50, 50, 50]);
    const name = 'cold ISO, of the floor';
    expect(verdictOf([...floor, ...measured('ours-iso', 'cold', [40, 40, 90])], name)?.verdict).toBe('pass');
    expect(verdictOf([...floor, ...measured('ours-iso', 'cold', [30, 41, 41])], name)?.verdict).toBe('fail');
    expect(verdictOf(measured('ours-iso', 'cold', [40]), name)?.verdict).toBe('not measured');
  });

  it('count a builder that was started for nothing', () => {
    const name = 'unchanged, builders started';
    expect(verdictOf(measured('ours-iso', 'unchanged', [0.2], { builders: 0 }), name)?.verdict).toBe('pass');
    expect(verdictOf(measured('ours-iso', 'unchanged', [0.2], { builders: 1 }), name)?.verdict).toBe('fail');
  });

  it('take the engine’s own time as a share of a cold build', () => {
    const records = measured('ours-iso', 'cold', [50], { outsideStepsMs: 2_000, engineMs: 50_000 });
    expect(verdictOf(records, 'cold ISO, outside step programs')?.found?.median).toBe(4);
  });
});

describe('the report', () => {
  it('shows times, ratios and what cannot be measured, and no address', () => {
    const records = [
      ...measured('ours-raw', 'cold', [10]),
      ...measured('vmdb2-raw', 'cold', [40]),
      failed('mkosi-raw', 'cold', 'ended with 1: cannot read http://127.0.0.1:1/debian | x'),
    ];
    const text = reportTables(records, seriesIn('memory'), judge(records));
    expect(text).toMatch(/\| vmdb2 +\| 40.0 .*\| 0.25 /);
    expect(text).toMatch(/\| mkosi +\| cannot /);
    expect(text).toContain('- mkosi (cold) cannot be measured here: `ended with 1: cannot read URL');
    expect(text).not.toContain('127.0.0.1');
  });

  it('is whole when every scenario has three rounds or cannot be measured', () => {
    const series = [{ name: 'a', title: 'a', output: 'iso' as const, scenarios: ['cold', 'changed'] as const }];
    const cold = measured('a', 'cold', [1, 2, 3]);
    expect(isWhole(cold, series)).toBe(false);
    expect(isWhole([...cold, ...measured('a', 'changed', [1, 2])], series)).toBe(false);
    expect(isWhole([...cold, ...measured('a', 'changed', [1, 2, 3])], series)).toBe(true);
    expect(isWhole([...cold, failed('a', 'changed', 'no')], series)).toBe(true);
  });
});

it('chooses series by their names and by their tools', () => {
  const names = (only: readonly string[]) => chosenSeries(seriesIn('memory'), only).map(({ name }) => name);
  expect(names(['floor', 'mkosi-raw'])).toEqual(['floor-iso', 'floor-raw', 'mkosi-raw']);
  expect(names([]).length).toBe(seriesIn('memory').length);
  expect(() => names(['floo'])).toThrow('no series floo');
});
