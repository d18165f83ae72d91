import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ResultRecord, Results } from '../../bench/peers/results.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lbuild-results-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function record(series: string, round: number): ResultRecord {
  const at = '2026-11-26T00:00:00.000Z';
  return { series, round, scenario: 'cold', seconds: 1.5, facts: { bytes: 3 }, at, commit: 'abc' };
}

it('remembers what was measured, drops a line that was cut short, and forgets what is to be measured again', () => {
  const file = join(directory, 'deep', 'results.jsonl');
  const first = new Results(file);
  for (const one of [record('a', 1), record('b', 1)]) first.append(one);
  appendFileSync(file, '{"series":"a","scen');

  const second = new Results(file);
  expect(second.all).toEqual([record('a', 1), record('b', 1)]);
  second.append(record('a', 2));
  expect(new Results(file).find('a', 'cold', 2)).toEqual(record('a', 2));

  second.drop(['a']);
  expect(new Results(file).all).toEqual([record('b', 1)]);
  expect(readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
});
