import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawArrivals } from '../../bench/simulation/arrivals.ts';
import type { Capacity } from '../../bench/simulation/capacity.ts';
import { DispatchQueue } from '../../bench/simulation/dispatch-queue.ts';
import { at, EventQueue } from '../../bench/simulation/event-queue.ts';
import { Fleet } from '../../bench/simulation/fleet.ts';
import { FlowCosts, readBuildDefinition } from '../../bench/simulation/flow-cost.ts';
import { drawGraph, shapes } from '../../bench/simulation/graph-shapes.ts';
import { historyBound } from '../../bench/simulation/history-bound.ts';
import { lowerBounds } from '../../bench/simulation/lower-bounds.ts';
import { Needs } from '../../bench/simulation/needs.ts';
import { runOnPaper } from '../../bench/simulation/paper-run.ts';
import { percentile } from '../../bench/simulation/percentile.ts';
import { Random } from '../../bench/simulation/random.ts';
import { drawWorkload, type Workload } from '../../bench/simulation/workload.ts';

const flow = new FlowCosts(readBuildDefinition());
const usual: Capacity = {
  builds: { installation: 30, tenant: 30 },
  stagesPerBuild: 10,
  tasks: 200,
  kind: 'spot',
};

function workload(pattern: 'burst' | 'steady' | 'two-tenants', seed = 1): Workload {
  return drawWorkload({ seed, stagesPerBuild: 40, arrivals: drawArrivals(pattern, 200, 7_200_000, seed) });
}

describe('200 builds on paper', () => {
  it.each(['burst', 'steady', 'two-tenants'] as const)('end, no sooner than is possible: %s', (pattern) => {
    const work = workload(pattern);
    const outcome = runOnPaper(work, usual, flow);
    const bounds = lowerBounds(work, usual, outcome);
    expect(outcome.makespan).toBeGreaterThanOrEqual(bounds.largest);
    for (const build of work.arrivals.keys()) {
      const length = at(outcome.endedAt, build) - at(outcome.startedAt, build);
      if (at(outcome.failure, build) === 0) expect(length).toBeGreaterThanOrEqual(at(bounds.criticalPaths, build));
      expect(at(outcome.ledger.historyEvents, build)).toBeLessThan(historyBound(flow).worst.events);
    }
    expect(outcome.mostBuilds).toBeLessThanOrEqual(30);
    expect(outcome.mostTasks).toBeLessThanOrEqual(200);
    expect(outcome.tasks).toBeGreaterThan(7_000);
    expect(outcome.retries).toBeGreaterThan(0);
  });

  it('are the same from the same seed, and others from another', () => {
    const run = (seed: number) => runOnPaper(workload('steady', seed), usual, flow);
    expect(run(7)).toEqual(run(7));
    expect(run(7).makespan).not.toBe(run(8).makespan);
  });

  it('hold up no other tenant, and less so where one may not have everything', () => {
    const work = workload('two-tenants');
    const lightWait = (tenant: number): number => {
      const outcome = runOnPaper(work, { ...usual, builds: { installation: 30, tenant } }, flow);
      const light = [...work.arrivals.entries()].filter(([, arrival]) => arrival.tenant === 1);
      return percentile(
        light.map(([build, arrival]) => at(outcome.startedAt, build) - arrival.at),
        0.95,
      );
    };
    expect(lightWait(20)).toBeLessThan(60_000);
    // Without a cap it waits for the next slot alone, and not for the half of all builds that came before it.
    expect(lightWait(30)).toBeLessThan(15 * 60_000);
  });

  it('fail for want of builders where far more are asked for than are launched a second', () => {
    const crowd = { ...usual, builds: { installation: 200, tenant: 200 }, stagesPerBuild: 40, tasks: 4_000 };
    const outcome = runOnPaper(workload('burst'), crowd, flow);
    expect(outcome.refusals).toBeGreaterThan(runOnPaper(workload('burst'), usual, flow).refusals);
    expect(outcome.makespan).toBeGreaterThanOrEqual(lowerBounds(workload('burst'), crowd, outcome).launches);
  });
});

describe('the invariants', () => {
  it('take events in the order of their times, and of their adding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), (times) => {
        const queue = new EventQueue();
        for (const [event, time] of times.entries()) queue.add(time, event);
        const taken = Array.from(times, () => queue.take());
        const sorted = [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
        expect(taken).toEqual(sorted);
        expect(queue.take()).toBeUndefined();
      }),
    );
    const queue = new EventQueue();
    queue.add(5, 1);
    queue.take();
    expect(() => queue.add(4, 2)).toThrow('cannot be added at 5');
  });

  it('see a stage that begins too early, or is settled twice', () => {
    const needs = new Needs(drawWorkload({ seed: 1, stagesPerBuild: 5, arrivals: [{ at: 0, tenant: 0 }] }), 5);
    expect(() => needs.check(1)).toThrow('stage 1 began before stage 0');
    expect(needs.settle(0)).toEqual([1]);
    needs.check(1);
    expect(() => needs.settle(0)).toThrow('settled twice');
  });

  it('launch a burst and then a rate, and refuse above the quota', () => {
    const fleet = new Fleet(2, { tasks: 110, stagesPerBuild: 200 });
    const launched = (now: number, times: number): number =>
      Array.from({ length: times }, () => fleet.launch(now, 0)).filter(Boolean).length;
    expect(launched(0, 150)).toBe(100);
    expect(launched(250, 150)).toBe(5);
    expect(launched(10_000, 150)).toBe(5);
    expect(fleet.running).toBe(110);
    fleet.end(0);
    expect(launched(10_000, 150)).toBe(1);
    expect(() => fleet.end(1)).toThrow('did not run');
  });

  it('see more tasks of a build than may run', () => {
    const fleet = new Fleet(1, { tasks: 10, stagesPerBuild: 1 });
    fleet.launch(0, 0);
    expect(() => fleet.launch(0, 0)).toThrow('2 tasks of build 0 run, 1 may');
  });

  it('start the oldest builds, within the limits', () => {
    const arrivals = [0, 0, 1, 0].map((tenant, second) => ({ at: second * 1_000, tenant }));
    const queue = new DispatchQueue(arrivals, { installation: 2, tenant: 1 }, 1);
    for (const build of [3, 2, 1, 0]) queue.add(build);
    expect(queue.dispatch(4_000)).toEqual([0, 2]);
    queue.end(0, 5_000);
    expect(queue.dispatch(5_000)).toEqual([1]);
    expect(() => queue.end(0, 6_000)).toThrow('did not run');
  });
});

describe('the shapes of builds', () => {
  it.each(shapes)('%s: each stage needs earlier ones, and all the first', (shape) => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 4, max: 40 }), (seed, stages) => {
        const graph = drawGraph(shape, stages, new Random(seed));
        expect(graph).toHaveLength(stages);
        for (const [stage, needs] of graph.entries()) {
          expect(needs.length > 0).toBe(stage > 0);
          expect(new Set(needs).size).toBe(needs.length);
          for (const need of needs) expect(need).toBeLessThan(stage);
        }
      }),
    );
  });
});
