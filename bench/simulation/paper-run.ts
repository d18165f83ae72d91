import { classifyStop, retryDelay } from '../../core/builds/classify.ts';
import { StateFailed } from '../../local/flow/failure.ts';
import { nextRetry } from '../../local/flow/retry.ts';
import type { Retrier } from '../../local/flow/states.ts';
import { assumptions } from './assumptions.ts';
import { BuildStates } from './build-states.ts';
import type { Capacity } from './capacity.ts';
import { DispatchQueue } from './dispatch-queue.ts';
import { at, EventQueue } from './event-queue.ts';
import { Fleet } from './fleet.ts';
import type { FlowCost, FlowCosts } from './flow-cost.ts';
import { decode, encode, type Happening } from './happening.ts';
import { Ledger } from './ledger.ts';
import { Needs } from './needs.ts';
import type { Outcome } from './outcome.ts';
import { mix, Random } from './random.ts';
import { failureCodes, type RunningStage, runOf, unbegun } from './running-stage.ts';
import { type StageCosts, stageCosts } from './stage-costs.ts';
import { drawAttempt, type Workload } from './workload.ts';

/**
 * Runs a workload on paper time through the life of a build: submission, queue, the Map of lib/build.asl.json, builders.
 * Whom the dispatcher starts, what an ended task means, whether and when a stage or a state is tried again are decided
 * by the engine's own rules. @throws Error where an invariant is broken: see docs/simulation.md
 */
export function runOnPaper(workload: Workload, capacity: Capacity, flow: FlowCosts): Outcome {
  return new PaperRun(workload, capacity, flow).run();
}

class PaperRun {
  readonly #workload: Workload;
  readonly #capacity: Capacity;
  readonly #events = new EventQueue();
  readonly #queue: DispatchQueue;
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #costs: StageCosts;
  readonly #frame: FlowCost;
  readonly #retriers: readonly Retrier[];
  readonly #needs: Needs;
  readonly #builds: BuildStates;
  readonly #ledger: Ledger;
  /** By place in the workload's columns. */
  readonly #stages = new Map<number, RunningStage>();
  readonly #launchWaits: number[] = [];
  #retries = 0;

  readonly #on: Readonly<Record<Happening, (subject: number) => void>> = {
    submitted: (build) => this.#add(this.#events.now + assumptions.planning, 'queued', build),
    queued: (build) => {
      this.#queue.add(build);
      this.#dispatch();
    },
    finalized: (build) => {
      this.#builds.end(build, this.#events.now);
      this.#queue.end(build, this.#events.now);
      this.#dispatch();
    },
    awaited: (place) => this.#awaited(place, this.#stage(place)),
    due: (place) => this.#call('prepared', place, this.#costs.prepare),
    prepared: (place) => this.#prepared(place, this.#stage(place)),
    launch: (place) => this.#launch(place, this.#stage(place)),
    ended: (place) => this.#ended(place),
    classified: (place) => this.#classified(place, this.#stage(place)),
    settled: (place) => this.#settle(place, this.#stage(place)),
  };

  constructor(workload: Workload, capacity: Capacity, flow: FlowCosts) {
    const { arrivals, stagesPerBuild, seed } = workload;
    this.#workload = workload;
    this.#capacity = capacity;
    this.#queue = new DispatchQueue(arrivals, capacity.builds, mix(seed, 4));
    this.#fleet = new Fleet(arrivals.length, capacity);
    this.#random = new Random(mix(seed, 5));
    this.#costs = stageCosts(flow);
    this.#frame = flow.frame();
    this.#retriers = flow.task('RunStage').Retry;
    this.#needs = new Needs(workload, capacity.stagesPerBuild);
    this.#ledger = new Ledger(arrivals.length);
    this.#builds = new BuildStates(arrivals.length, stagesPerBuild, flow.maxConcurrency);
  }

  run(): Outcome {
    for (const [build, { at: submitted }] of this.#workload.arrivals.entries())
      this.#add(submitted, 'submitted', build);
    for (let event = this.#events.take(); event !== undefined; event = this.#events.take()) {
      const { what, subject } = decode(event);
      this.#on[what](subject);
    }
    this.#builds.check();
    if (this.#fleet.running + this.#stages.size + this.#queue.waiting > 0) throw new Error('something is left over');
    return {
      startedAt: this.#builds.startedAt,
      endedAt: this.#builds.endedAt,
      failure: this.#builds.failure,
      launchWaits: Float64Array.from(this.#launchWaits),
      makespan: this.#builds.endedAt.reduce((latest, time) => Math.max(latest, time), 0),
      tasks: this.#fleet.launched,
      retries: this.#retries,
      refusals: this.#fleet.refusals,
      mostTasks: this.#fleet.mostRunning,
      mostBuilds: this.#queue.mostRunning,
      ledger: this.#ledger,
      dispatches: this.#queue.dispatches,
      dispatchReads: this.#queue.reads,
    };
  }

  #add(time: number, what: Happening, subject: number): void {
    this.#events.add(time, encode(what, subject));
  }

  #dispatch(): void {
    for (const build of this.#queue.dispatch(this.#events.now)) {
      this.#builds.start(build, this.#events.now);
      this.#ledger.spend(build, this.#frame);
      this.#beginStages(build);
    }
  }

  /** The Map begins as many iterations as may run. */
  #beginStages(build: number): void {
    for (let stage = this.#builds.beginStage(build); stage !== undefined; stage = this.#builds.beginStage(build)) {
      this.#begin(build, build * this.#workload.stagesPerBuild + stage);
    }
  }

  #begin(build: number, place: number): void {
    this.#stages.set(place, unbegun(this.#events.now, this.#capacity.kind === 'on-demand'));
    if (this.#needs.has(place)) {
      this.#call('awaited', place, this.#costs.beginWaiting);
    } else {
      this.#ledger.spend(build, this.#costs.beginPreparing);
      this.#call('prepared', place, this.#costs.prepare);
    }
  }

  /** The token is stored; whoever settles the last need finds it, or it is answered at once. */
  #awaited(place: number, stage: RunningStage): void {
    stage.waiting = true;
    if (this.#needs.pending(place) === 0) this.#wake(place, stage);
  }

  #wake(place: number, stage: RunningStage): void {
    stage.waiting = false;
    stage.dueAt = this.#events.now;
    this.#add(this.#events.now, 'due', place);
  }

  #prepared(place: number, stage: RunningStage): void {
    const build = this.#build(place);
    this.#needs.check(place);
    if (this.#builds.hasFailed(build)) {
      this.#ledger.spend(build, this.#costs.prepareToSettle);
      this.#call('settled', place, this.#costs.settle);
      return;
    }
    stage.attempt += 1;
    stage.throttled = this.#retriers.map(() => 0);
    this.#ledger.spend(build, this.#costs.prepareToRun);
    this.#ledger.spend(build, this.#costs.run);
    this.#launch(place, stage);
  }

  #launch(place: number, stage: RunningStage): void {
    if (this.#fleet.launch(this.#events.now, this.#build(place))) this.#run(place, stage);
    else this.#refused(place, stage);
  }

  /** RunTask refused: the state's own retriers first, then ClassifyStage. */
  #refused(place: number, stage: RunningStage): void {
    const failure = new StateFailed('ECS.AmazonECSException', 'ThrottlingException: Rate exceeded');
    const next = nextRetry(this.#retriers, failure, stage.throttled, this.#random.next());
    if (next === undefined) {
      this.#classify(place, stage, failure);
      return;
    }
    stage.throttled = next.retries;
    this.#ledger.spend(this.#build(place), this.#costs.runAgain);
    this.#add(this.#events.now + next.delay, 'launch', place);
  }

  #run(place: number, stage: RunningStage): void {
    const { now } = this.#events;
    this.#needs.check(place);
    if (!stage.launched) this.#launchWaits.push(now - stage.dueAt);
    stage.launched = true;
    const steps = at(this.#workload.steps, place);
    const whole = at(this.#workload.work, place);
    const draw = drawAttempt(this.#workload.seed, place, stage.attempt);
    const run = runOf(draw, (whole * (steps - stage.stepsDone)) / steps, stage.onDemand);
    stage.ending = run.ending;
    // Each step that ended is kept; the product of shares comes a trace below the whole number that it is.
    stage.stepsDone += Math.floor((run.worked * steps) / whole + 1e-9);
    stage.startedAt = now;
    this.#endAt(place, stage, now + draw.startUp + run.worked);
  }

  #endAt(place: number, stage: RunningStage, time: number): void {
    stage.endsAt = time;
    this.#add(time, 'ended', place);
  }

  #ended(place: number): void {
    const stage = this.#stages.get(place);
    // It was told to end earlier.
    if (stage?.ending === undefined || stage.endsAt !== this.#events.now) return;
    this.#fleet.end(this.#build(place));
    this.#ledger.task(this.#events.now - stage.startedAt, stage.onDemand);
    const { ending } = stage;
    stage.ending = undefined;
    if (typeof ending === 'object') {
      this.#classify(place, stage, ending.stop);
      return;
    }
    if (ending === 'step-failed') stage.failure = 'step.failed';
    this.#call('settled', place, this.#costs.settle);
  }

  #classify(place: number, stage: RunningStage, failure: StateFailed): void {
    stage.stop = classifyStop(failure.error, failure.cause);
    this.#call('classified', place, undefined);
  }

  #classified(place: number, stage: RunningStage): void {
    const { stop } = stage;
    if (stop === undefined) throw new Error(`nothing is known of what stopped stage ${place}`);
    const delay = retryDelay(stop, stage.used[stop.kind], this.#random.next());
    const build = this.#build(place);
    if (delay === undefined || this.#builds.hasFailed(build)) {
      stage.failure = failureCodes[stop.kind];
      this.#ledger.spend(build, this.#costs.classifyToSettle);
      this.#call('settled', place, this.#costs.settle);
      return;
    }
    stage.used[stop.kind] += 1;
    // As PrepareStage chooses: once a builder was interrupted or could not be had, the next one is paid in full.
    if (stop.kind === 'infrastructure') stage.onDemand = true;
    this.#retries += 1;
    this.#ledger.spend(build, this.#costs.classifyToPrepare);
    this.#add(this.#events.now + delay * 1_000, 'due', place);
  }

  #settle(place: number, { failure }: RunningStage): void {
    const build = this.#build(place);
    this.#stages.delete(place);
    if (failure !== undefined && this.#builds.fail(build, failure)) this.#endBuild(build);
    for (const other of this.#needs.settle(place)) {
      const stage = this.#stages.get(other);
      if (stage?.waiting === true) this.#wake(other, stage);
    }
    if (this.#builds.settleStage(build)) this.#call('finalized', build, undefined);
    else this.#beginStages(build);
  }

  /** A build has failed: what runs of it is told to end with its next heartbeat. */
  #endBuild(build: number): void {
    const { stagesPerBuild } = this.#workload;
    const soon = this.#events.now + assumptions.heartbeat;
    for (let place = build * stagesPerBuild; place < (build + 1) * stagesPerBuild; place += 1) {
      const stage = this.#stages.get(place);
      if (stage?.ending === undefined || stage.endsAt <= soon) continue;
      stage.ending = 'done';
      this.#endAt(place, stage, soon);
    }
  }

  /** A function of the state machine is called; what it answers is there a little later. */
  #call(then: Happening, subject: number, cost: FlowCost | undefined): void {
    const { shortest, longest } = assumptions.functionCall;
    const length = this.#random.between(shortest, longest);
    this.#ledger.call(length);
    if (cost !== undefined) this.#ledger.spend(this.#build(subject), cost);
    this.#add(this.#events.now + length, then, subject);
  }

  #build(place: number): number {
    return Math.floor(place / this.#workload.stagesPerBuild);
  }

  #stage(place: number): RunningStage {
    const stage = this.#stages.get(place);
    if (stage === undefined) throw new Error(`stage ${place} is not under way`);
    return stage;
  }
}
