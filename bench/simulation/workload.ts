import type { TrustClass } from '../../core/builds/manifest.ts';
import { assumptions } from './assumptions.ts';
import { dependentsOf, drawGraph, type StageGraph, shapes } from './graph-shapes.ts';
import { mix, Random } from './random.ts';

/** When a build is submitted and whose it is. Times are milliseconds of paper time. */
export interface Arrival {
  readonly at: number;
  readonly tenant: number;
}

/**
 * What there is to do, drawn before anything runs: nothing here depends on the order in which it is done, so that two
 * schedules of one workload can be compared with each other and with their lower bounds. Columns are by stage;
 * the stages of build `b` are `b * stagesPerBuild` and those after it.
 */
export interface Workload {
  readonly seed: number;
  readonly stagesPerBuild: number;
  /** By build, in the order of submission. */
  readonly arrivals: readonly Arrival[];
  readonly graphs: readonly StageGraph[];
  /** Milliseconds of a stage's steps together. */
  readonly work: Float64Array;
  readonly steps: Uint8Array;
}

/** Trust class of a stage: the base is the service's, what nobody needs is sealed, the rest is the tenant's. */
export function trustOf(graph: StageGraph, dependents: StageGraph, stage: number): TrustClass {
  if ((graph[stage] ?? []).length === 0) return 'service';
  return (dependents[stage] ?? []).length === 0 ? 'seal' : 'tenant';
}

/** Draws a workload. Shapes take turns, so that every tenant and every hour has all of them. */
export function drawWorkload(options: {
  readonly seed: number;
  readonly stagesPerBuild: number;
  readonly arrivals: readonly Arrival[];
}): Workload {
  const { seed, stagesPerBuild, arrivals } = options;
  const { medians, sigma, longest } = assumptions.work;
  const work = new Float64Array(arrivals.length * stagesPerBuild);
  const steps = new Uint8Array(arrivals.length * stagesPerBuild);
  const graphs = arrivals.map((_, build) => {
    const random = new Random(mix(seed, build));
    const shape = shapes[build % shapes.length] ?? 'mixed';
    const graph = drawGraph(shape, stagesPerBuild, random);
    const dependents = dependentsOf(graph);
    for (let stage = 0; stage < stagesPerBuild; stage += 1) {
      const place = build * stagesPerBuild + stage;
      const median = medians[trustOf(graph, dependents, stage)];
      work[place] = Math.min(longest, random.lognormal(median, sigma));
      steps[place] = random.integer(assumptions.steps.fewest, assumptions.steps.most);
    }
    return graph;
  });
  return {
    seed,
    stagesPerBuild,
    arrivals,
    graphs,
    work,
    steps,
  };
}

/** What happens to one attempt of a stage, whenever it runs. */
export interface AttemptDraw {
  /** Milliseconds from RunTask to the first step. */
  readonly startUp: number;
  readonly failsToStart: boolean;
  /** Milliseconds of running after which Spot takes the task back, were it still there. */
  readonly interruptedAfter: number;
  /** Share of the attempt's work after which its agent vanishes; undefined: it does not. */
  readonly lostAfter: number | undefined;
  /** A script of the stage ends with an error at the end of its work. */
  readonly stepFails: boolean;
}

/** Draws an attempt (from 1 on) of a stage by its place in the columns. */
export function drawAttempt(seed: number, place: number, attempt: number): AttemptDraw {
  const random = new Random(mix(seed, place, attempt, 1));
  const { startUp, faults } = assumptions;
  return {
    startUp: random.triangle(startUp.shortest, startUp.usual, startUp.longest),
    failsToStart: random.next() < faults.failsToStart,
    interruptedAfter: random.exponential(3_600_000 / faults.spotInterruptionsPerHour),
    lostAfter: random.next() < faults.agentLost ? random.next() : undefined,
    stepFails: new Random(mix(seed, place, 2)).next() < faults.stepFails,
  };
}
