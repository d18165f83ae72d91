import { assumptions } from './assumptions.ts';
import type { FlowCost } from './flow-cost.ts';
import type { EngineMeasure } from './measure-engine.ts';
import type { ScenarioResult, Spread } from './run-scenario.ts';

/** The largest allowed plan's history, and what Step Functions allows. */
export interface HistoryBound {
  readonly stages: number;
  /** Attempts that a stage may have. */
  readonly rounds: number;
  readonly worst: FlowCost;
}

/** Tables of Markdown, as docs/simulation.md holds them. */
export function report(
  size: { readonly builds: number; readonly stagesPerBuild: number; readonly seed: number },
  results: readonly ScenarioResult[],
  measure: EngineMeasure,
  bound: HistoryBound,
): string {
  return [
    `${number(size.builds)} builds of ${size.stagesPerBuild} stages, seed ${size.seed}; prices and limits of ${assumptions.date}.`,
    time(results),
    cost(results, size.builds),
    history(results, measure, bound),
    units(measure),
    `The object store gets ${measure.blobWrites.toFixed(0)} writing and ${measure.blobReads.toFixed(0)} reading requests of such a build.`,
  ].join('\n\n');
}

function time(results: readonly ScenarioResult[]): string {
  return table(
    [
      'scenario',
      'makespan, h',
      'bounds, h: path / launches / builds / tasks',
      'makespan / largest bound',
      'queue wait, min: p50, p95',
      'launch wait, s: p50, p95',
      'build / its critical path: p50, p95',
      'most builds, tasks at once',
      'refused launches',
      'retries',
      'failed builds',
    ],
    results.map(({ name, outcome, bounds, queueWait, queueWaitByTenant, launchWait, stretch, failed }) => [
      name,
      hours(outcome.makespan),
      [bounds.criticalPath, bounds.launches, bounds.builds, bounds.tasks].map(hours).join(' / '),
      (outcome.makespan / bounds.largest).toFixed(2),
      queueWaitByTenant.length === 2
        ? queueWaitByTenant.map((wait, tenant) => `${['heavy', 'light'][tenant]} ${pair(wait, 60_000, 1)}`).join('; ')
        : pair(queueWait, 60_000, 1),
      pair(launchWait, 1_000, 1),
      pair(stretch, 1, 2),
      `${number(outcome.mostBuilds)}, ${number(outcome.mostTasks)}`,
      number(outcome.refusals),
      number(outcome.retries),
      failed.map(({ reason, builds }) => `${number(builds)} ${reason}`).join(', ') || 'none',
    ]),
  );
}

function cost(results: readonly ScenarioResult[], builds: number): string {
  return table(
    [
      'scenario',
      'a build, $',
      'tasks',
      'transitions',
      'functions',
      'table',
      'transitions a build',
      'dispatcher: read units a build',
    ],
    results.map(({ name, outcome, costs, tableCost, dispatcherReads }) => {
      const parts = [costs.tasks, costs.transitions, costs.functions, tableCost];
      return [
        name,
        ...[parts.reduce((sum, part) => sum + part, 0), ...parts].map((part) => (part / builds).toFixed(4)),
        (outcome.ledger.transitions / builds).toFixed(0),
        dispatcherReads.toFixed(0),
      ];
    }),
  );
}

function history(results: readonly ScenarioResult[], measure: EngineMeasure, bound: HistoryBound): string {
  const most = results.reduce((largest, { mostEvents }) => Math.max(largest, mostEvents), 0);
  return table(
    ['history of an execution', 'events', 'of the 25,000'],
    [
      [`the engine's own flow, ${measure.stagesPerBuild} stages, no fault`, measure.mostEvents],
      ['the most of any build on paper', most],
      [
        `bound: ${bound.stages} stages, ${bound.rounds} attempts each, every retry of every state used`,
        bound.worst.events,
      ],
    ].map(([what, events]) => [
      String(what),
      number(Number(events)),
      `${((100 * Number(events)) / assumptions.historyEvents).toFixed(0)} %`,
    ]),
  );
}

function units(measure: EngineMeasure): string {
  const sum = (which: 'reads' | 'writes' | 'calls') =>
    measure.units.reduce((total, { units }) => total + units[which], 0);
  return table(
    [`table, a build of ${measure.stagesPerBuild} stages`, 'read units', 'write units', 'calls'],
    [
      ...measure.units.map(({ caller, units }) => [caller, units.reads, units.writes, units.calls]),
      ['all', sum('reads'), sum('writes'), sum('calls')],
      ['all, a stage', ...[sum('reads'), sum('writes'), sum('calls')].map((total) => total / measure.stagesPerBuild)],
    ].map(([what, ...counts]) => [String(what), ...counts.map((count) => number(Math.round(Number(count))))]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function pair({ half, most }: Spread, unit: number, digits: number): string {
  return `${(half / unit).toFixed(digits)}, ${(most / unit).toFixed(digits)}`;
}

function hours(milliseconds: number): string {
  return (milliseconds / 3_600_000).toFixed(1);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
