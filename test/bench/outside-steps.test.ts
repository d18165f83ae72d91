import { expect, it } from 'vitest';
import { millisecondsOutsideSteps } from '../../bench/outside-steps.ts';

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();
const step = (end: number, program: number, capture = 0, hit = false) => ({
  ...{ hit, endedAt: at(end) },
  milliseconds: { program: program * 1_000, capture: capture * 1_000 },
});

function outside(steps: readonly ReturnType<typeof step>[]): number {
  return millisecondsOutsideSteps({ submittedAt: at(100), endedAt: at(120), stages: [{ steps: [...steps] }] });
}

it('is all of a build in which no step ran', () => {
  expect(outside([])).toBe(20_000);
  expect(outside([step(110, 5, 0, true)])).toBe(20_000);
});

it('leaves out programs and the making of layers', () => {
  expect(outside([step(106, 3, 2), step(115, 4)])).toBe(11_000);
});

it('counts steps that ran at once once, whatever their order and where one lies within another', () => {
  expect(outside([step(118, 4), step(110, 8), step(112, 6), step(108, 2)])).toBe(20_000 - 10_000 - 4_000);
});

it('takes nothing from before the submission', () => {
  expect(outside([step(105, 50)])).toBe(15_000);
});
