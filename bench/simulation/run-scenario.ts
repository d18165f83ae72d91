import { drawArrivals } from './arrivals.ts';
import { assumptions } from './assumptions.ts';
import { at } from './event-queue.ts';
import type { FlowCosts } from './flow-cost.ts';
import { type Costs, costsOf } from './ledger.ts';
import { type LowerBounds, lowerBounds } from './lower-bounds.ts';
import type { EngineMeasure } from './measure-engine.ts';
import { failures, type Outcome } from './outcome.ts';
import { runOnPaper } from './paper-run.ts';
import { percentile } from './percentile.ts';
import type { Scenario } from './scenarios.ts';
import { drawWorkload, type Workload } from './workload.ts';

/** Of some waits or ratios: the value that half, and 19 of 20, do not exceed. */
export interface Spread {
  readonly half: number;
  readonly most: number;
}

/** What a scenario came to. Times are milliseconds, costs dollars. */
export interface ScenarioResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly bounds: LowerBounds;
  /** By reason, those that are none left out. */
  readonly failed: readonly { readonly reason: string; readonly builds: number }[];
  /** From the submission to the start. */
  readonly queueWait: Spread;
  readonly queueWaitByTenant: readonly Spread[];
  /** From the moment that a stage needs nothing more to the launch of its task. */
  readonly launchWait: Spread;
  /** From a build's start to its end, over its critical path; of those that succeeded. */
  readonly stretch: Spread;
  readonly mostEvents: number;
  readonly costs: Costs;
  /** Units of the table a build, the dispatcher's own apart. */
  readonly tableCost: number;
  readonly dispatcherReads: number;
}

/** Runs a scenario: so many builds of so many stages. @throws Error where an invariant is broken */
export function runScenario(
  scenario: Scenario,
  size: { readonly builds: number; readonly stagesPerBuild: number; readonly seed: number },
  flow: FlowCosts,
  measure: EngineMeasure,
): ScenarioResult {
  const { builds, stagesPerBuild, seed } = size;
  const arrivals = drawArrivals(scenario.arrivals, builds, scenario.span, seed);
  const workload = drawWorkload({ seed, stagesPerBuild, arrivals });
  const outcome = runOnPaper(workload, scenario.capacity, flow);
  const bounds = lowerBounds(workload, scenario.capacity, outcome);
  const succeeded = arrivals.map((_, build) => build).filter((build) => at(outcome.failure, build) === 0);
  const dispatcherReads = (outcome.dispatchReads * measure.entryBytes) / 4_096 / builds;
  return {
    name: scenario.name,
    outcome,
    bounds,
    failed: failures.flatMap((reason, code) => {
      const count = outcome.failure.reduce((sum, failure) => sum + (failure === code ? 1 : 0), 0);
      return code === 0 || count === 0 ? [] : [{ reason, builds: count }];
    }),
    queueWait: queueWaitOf(workload, outcome, () => true),
    queueWaitByTenant: [...new Set(arrivals.map(({ tenant }) => tenant))]
      .sort((a, b) => a - b)
      .map((tenant) => queueWaitOf(workload, outcome, (other) => other === tenant)),
    launchWait: spread(outcome.launchWaits),
    stretch: spread(
      succeeded.map(
        (build) => (at(outcome.endedAt, build) - at(outcome.startedAt, build)) / at(bounds.criticalPaths, build),
      ),
    ),
    mostEvents: outcome.ledger.historyEvents.reduce((most, events) => Math.max(most, events), 0),
    costs: costsOf(outcome.ledger),
    tableCost: tableCost(measure, builds, dispatcherReads),
    dispatcherReads,
  };
}

function tableCost(measure: EngineMeasure, builds: number, dispatcherReads: number): number {
  const { writeUnit, readUnit } = assumptions.prices;
  const [reads, writes] = [
    measure.units.reduce((sum, { units }) => sum + units.reads, dispatcherReads),
    measure.units.reduce((sum, { units }) => sum + units.writes, 0),
  ];
  return builds * (writes * writeUnit + reads * readUnit);
}

function queueWaitOf(workload: Workload, outcome: Outcome, has: (tenant: number) => boolean): Spread {
  const waits = workload.arrivals.flatMap((arrival, build) =>
    has(arrival.tenant) ? [at(outcome.startedAt, build) - arrival.at] : [],
  );
  return spread(waits);
}

function spread(values: Iterable<number>): Spread {
  const all = Float64Array.from(values);
  return { half: percentile(all, 0.5), most: percentile(all, 0.95) };
}
