import { makePlan } from '../core/plan/make-plan.ts';
import type { ResolvedSpec } from '../core/spec/schema.ts';
import { archive, examples, toolchain } from '../test/core/plan/plan-fixtures.ts';

/**
 * `node bench/planning.ts`: the time of planning a spec with 500 user steps, which is more than a spec may have, in
 * several shapes. The planner waits for nothing, so its processor time is its time on a machine that does nothing
 * else: that is judged, and the wall clock's stands beside it. Exits 1 where a median is above the bound.
 */
const count = 500;
const rounds = 21;
/** Milliseconds. */
const bound = 50;

/** Of each step the steps that it needs, by number. */
const shapes: Record<string, (step: number) => readonly number[]> = {
  'one after another': (step) => [step - 1],
  'side by side': () => [],
  'two lanes': (step) => [step - 2],
  'a tree': (step) => [(step - 1) >> 1],
  'diamonds in a row': (step) => (step % 3 === 0 ? [step - 1, step - 2] : [step - (step % 3)]),
  'a mesh': (step) => [step - 20, step - 7],
};

function specOf(needsOf: (step: number) => readonly number[]): ResolvedSpec {
  const base = examples['declarative only'];
  if (base === undefined) throw new Error('the example is gone');
  const steps = Array.from({ length: count }, (_, step) => ({
    id: `u${step}`,
    run: `echo ${step} > /srv/${step}`,
    network: false,
    timeoutSeconds: 600,
    needs: needsOf(step)
      .filter((need) => need >= 0 && need < step)
      .map((need) => `u${need}`),
  }));
  return { ...base, steps };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.POSITIVE_INFINITY;
}

for (const [name, needsOf] of Object.entries(shapes)) {
  const spec = specOf(needsOf);
  const times: number[] = [];
  const walls: number[] = [];
  let stages = 0;
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    const used = process.threadCpuUsage();
    stages = makePlan({ spec, archive, toolchain }).stages.length;
    const { user, system } = process.threadCpuUsage(used);
    walls.push(performance.now() - began);
    times.push((user + system) / 1_000);
  }
  const median = medianOf(times);
  console.log(
    `${count} user steps, ${name}: median ${median.toFixed(1)} ms of ${rounds} (first ${(times[0] ?? 0).toFixed(1)} ms; ` +
      `wall clock ${medianOf(walls).toFixed(1)} ms), ${stages} stages`,
  );
  if (median > bound) {
    console.error(`more than ${bound} ms`);
    process.exitCode = 1;
  }
}
