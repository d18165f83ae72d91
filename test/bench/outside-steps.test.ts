import { expect, it } from 'vitest';
import { millisecondsOutsideSteps } from '../../bench/outside-steps.ts';

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();
const stage = (id: string, restore: number, steps: number) => ({
  ...{ id, attempts: 1 },
  milliseconds: { total: 100_000, restore, steps, transfer: 7 },
});
const build = (...stages: Parameters<typeof millisecondsOutsideSteps>[0]['stages']) => ({
  ...{ submittedAt: at(100), endedAt: at(120), stages },
});

it('is all of a build that started no builder', () => {
  expect(millisecondsOutsideSteps(build({ id: 's1', attempts: 0 }))).toBe(20_000);
});

it('leaves out what builders did for steps, and nothing else', () => {
  expect(millisecondsOutsideSteps(build(stage('s1', 1_000, 4_000), stage('s2', 0, 10_000)))).toBe(5_000);
});

it('is told of no build of which a builder said nothing', () => {
  expect(() => millisecondsOutsideSteps(build({ id: 's1', attempts: 1 }))).toThrow(/s1/);
});
