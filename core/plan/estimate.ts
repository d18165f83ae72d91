import { z } from 'zod';
import { costTable, programCost, tableSeconds } from './cost-table.ts';
import type { Plan, PlanStep } from './plan.ts';
import { programs } from './programs/catalogue.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { dollarsPerSecond } from './sizing.ts';

/** The middle of what past runs took. */
export interface Median {
  readonly median: number;
  readonly runs: number;
}

/** What past runs took: seconds of a step's program and of the making of its layer, bytes of what it made. */
export interface RunFigures {
  readonly seconds?: Median;
  readonly bytes?: Median;
}

/** Medians of past runs. A step's own runs say more than those of its program. */
export interface RunHistory {
  readonly programs: ReadonlyMap<string, RunFigures>;
  /** By `historyName`. */
  readonly steps: ReadonlyMap<string, RunFigures>;
  /** Seconds of a stage beside its steps: the task's start, the unpacking of its tree, settling. */
  readonly stageStart?: Median;
}

export const noHistory: RunHistory = { programs: new Map(), steps: new Map() };

/** Name of a step's own runs: a step with the same id and another program is another one. */
export function historyName(step: { readonly program: string; readonly id: string }): string {
  return `${step.program}/${step.id}`;
}

export const figureSources = ['cache', 'history', 'table'] as const;

/** A figure, and where it comes from: `runs` past runs, the cost table, or the result that is there already. */
export interface Figure {
  readonly value: number;
  readonly from: (typeof figureSources)[number];
  readonly runs: number;
}

export interface StepEstimate {
  /** Seconds; 0 for a hit. */
  readonly seconds: Figure;
  /** Bytes of its layer, module or artifact. */
  readonly bytes: Figure;
}

const total = z.number().min(0);

/** An estimate as it is kept with its build, so that it can be held against what happened. */
export const buildEstimateSchema = z.strictObject({
  seconds: total.describe('From the start of the execution to its end.'),
  bytes: total.describe('All artifacts.'),
  dollars: total.describe('Builders and state transitions, by the price table.'),
  sources: z.strictObject({
    cache: z.number().int().describe('Steps that were cached.'),
    history: z.number().int().describe('Steps whose time came from past runs.'),
    table: z.number().int().describe('Steps whose time came from the cost table.'),
  }),
  dollarsPerSecond: z.record(z.string(), z.number()).describe('Of each stage’s builder.'),
});
export type BuildEstimate = z.infer<typeof buildEstimateSchema>;

export interface PlanEstimate {
  readonly total: BuildEstimate;
  /** Bytes that are made anew and stored: layers, modules and artifacts of the misses. */
  readonly storedBytes: number;
  readonly steps: ReadonlyMap<string, StepEstimate>;
  readonly schedule: Schedule;
  /** Seconds of a stage beside its steps; by the table without the unpacking of its tree, which depends on that. */
  readonly stageStart: Figure;
}

/**
 * Time, size and cost of a plan. A figure comes from the cache where the result is there, else from the step's own past
 * runs, else from its program's, else from the cost table.
 * @param cached bytes of the results that are there, by key
 */
export function estimatePlan(
  plan: Plan,
  known: { readonly cached: ReadonlyMap<string, number>; readonly history: RunHistory },
): PlanEstimate {
  const steps = new Map<string, StepEstimate>();
  const byId = new Map(plan.steps.map((step) => [step.id, step]));
  const trees = layersBelow(plan.steps);
  const bytesOf = (ids: Iterable<string>): number => {
    let sum = 0;
    for (const id of ids) sum += steps.get(id)?.bytes.value ?? 0;
    return sum;
  };
  for (const step of plan.steps) {
    steps.set(step.id, {
      seconds: secondsOf(step, known),
      bytes: sizeOfResult(step, known, (of) => bytesOf(of === 'needs' ? step.needs : (trees.get(step.id) ?? []))),
    });
  }

  const start = known.history.stageStart;
  const stageStart: Figure =
    start === undefined
      ? { value: costTable.taskStartSeconds + costTable.stageSeconds, from: 'table', runs: 0 }
      : { value: start.median, from: 'history', runs: start.runs };
  const misses = new Set(plan.steps.filter((step) => !known.cached.has(step.key)).map((step) => step.id));
  const starts = plan.stages.map((stage): [string, number] => {
    const unpacking = stage.steps.filter((id) => misses.has(id) && needsTree(byId, id));
    const below = new Set(unpacking.flatMap((id) => [...(trees.get(id) ?? [])]));
    for (const id of stage.steps) if (misses.has(id)) below.delete(id);
    const unpack = stageStart.from === 'table' ? bytesOf(below) / costTable.restoreBytesPerSecond : 0;
    return [stage.id, stageStart.value + unpack];
  });
  const schedule = scheduleOf(plan, {
    steps: new Map([...misses].map((id) => [id, steps.get(id)?.seconds.value ?? 0])),
    stageStarts: new Map(starts),
    idleStage: costTable.idleStageSeconds,
  });

  const artifacts = plan.artifacts.map((artifact) => artifact.step);
  const count = (from: Figure['from']): number =>
    [...steps.values()].filter((estimate) => estimate.seconds.from === from).length;
  const rates = plan.stages.map((stage) => [stage.id, dollarsPerSecond(stage.size, plan.architecture)] as const);
  return {
    total: {
      seconds: rounded(schedule.seconds, 3),
      bytes: Math.round(bytesOf(artifacts)),
      dollars: rounded(dollarsOf(plan, misses, schedule, new Map(rates)), 6),
      sources: { cache: count('cache'), history: count('history'), table: count('table') },
      dollarsPerSecond: Object.fromEntries(rates.map(([id, rate]) => [id, rounded(rate, 9)])),
    },
    storedBytes: Math.round(bytesOf(misses)),
    steps,
    schedule,
    stageStart,
  };
}

function secondsOf(step: PlanStep, known: Parameters<typeof estimatePlan>[1]): Figure {
  if (known.cached.has(step.key)) return { value: 0, from: 'cache', runs: 0 };
  const { history } = known;
  const own = history.steps.get(historyName(step))?.seconds ?? history.programs.get(step.program)?.seconds;
  return own === undefined
    ? { value: tableSeconds(step), from: 'table', runs: 0 }
    : { value: own.median, from: 'history', runs: own.runs };
}

function sizeOfResult(
  step: PlanStep,
  known: Parameters<typeof estimatePlan>[1],
  sumOf: (of: 'needs' | 'tree') => number,
): Figure {
  const there = known.cached.get(step.key);
  if (there !== undefined) return { value: there, from: 'cache', runs: 0 };
  const own = known.history.steps.get(historyName(step))?.bytes;
  if (own !== undefined) return { value: own.median, from: 'history', runs: own.runs };
  const { bytes } = programCost(step);
  // What packs others is as large as they are: that says more than other builds' packing.
  if (typeof bytes !== 'number') return { value: sumOf(bytes.of) * bytes.times + bytes.plus, from: 'table', runs: 0 };
  const program = known.history.programs.get(step.program)?.bytes;
  return program === undefined
    ? { value: bytes, from: 'table', runs: 0 }
    : { value: program.median, from: 'history', runs: program.runs };
}

/** Programs that work on files of layers, modules or artifacts alone. */
const fromLayers: ReadonlySet<string> = new Set(
  Object.values(programs)
    .filter(({ produces, reads }) => produces !== 'layer' && reads === 'layers')
    .map(({ name }) => name),
);

/** Whether a step works in a tree: modules and container images are made of layers as files, a live ISO of modules. */
function needsTree(byId: ReadonlyMap<string, PlanStep>, id: string): boolean {
  const step = byId.get(id);
  if (step === undefined || step.produces === 'module' || fromLayers.has(step.program)) return false;
  return step.needs.length === 0 || step.needs.some((need) => byId.get(need)?.produces === 'layer');
}

/** Of each step, the layers of the tree that it works in. */
function layersBelow(steps: readonly PlanStep[]): ReadonlyMap<string, ReadonlySet<string>> {
  const trees = new Map<string, ReadonlySet<string>>();
  const layers = new Set(steps.filter((step) => step.produces === 'layer').map((step) => step.id));
  for (const step of steps) {
    const tree = new Set<string>();
    for (const need of step.needs) {
      for (const id of trees.get(need) ?? []) tree.add(id);
      if (layers.has(need)) tree.add(need);
    }
    trees.set(step.id, tree);
  }
  return trees;
}

function dollarsOf(
  plan: Plan,
  misses: ReadonlySet<string>,
  schedule: Schedule,
  rates: ReadonlyMap<string, number>,
): number {
  const { leastBilledSeconds } = costTable.prices;
  const running = new Set(plan.stages.filter((stage) => stage.steps.some((id) => misses.has(id))).map(({ id }) => id));
  let dollars = transitionDollars(plan.stages, running.size);
  for (const id of running) {
    const seconds = Math.max(leastBilledSeconds, schedule.stageSeconds.get(id) ?? 0);
    dollars += seconds * (rates.get(id) ?? 0);
  }
  return dollars;
}

/** US dollars of a build's state transitions where nothing is tried again. */
export function transitionDollars(stages: readonly { readonly needs: readonly string[] }[], running: number): number {
  const { build, stage, waits, runs } = costTable.transitions;
  const waiting = stages.filter(({ needs }) => needs.length > 0).length;
  return (build + stage * stages.length + waits * waiting + runs * running) * costTable.prices.transition;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
