import type { FlowCost, FlowCosts } from './flow-cost.ts';

/** The moves of a stage through the state machine, each with what it costs; a stage's whole is their sum. */
export interface StageCosts {
  readonly beginWaiting: FlowCost;
  readonly beginPreparing: FlowCost;
  readonly prepare: FlowCost;
  readonly prepareToRun: FlowCost;
  readonly prepareToSettle: FlowCost;
  /** RunStage with its first attempt, and each further one. */
  readonly run: FlowCost;
  readonly runAgain: FlowCost;
  readonly classifyToPrepare: FlowCost;
  readonly classifyToSettle: FlowCost;
  readonly settle: FlowCost;
}

/** Names the states of lib/build.asl.json; @throws Error where it has others, or other ways between them. */
export function stageCosts(flow: FlowCosts): StageCosts {
  const sum = (...costs: readonly FlowCost[]): FlowCost => ({
    events: costs.reduce((total, cost) => total + cost.events, 0),
    transitions: costs.reduce((total, cost) => total + cost.transitions, 0),
  });
  const once = flow.visit('RunStage', 1);
  const twice = flow.visit('RunStage', 2);
  const classify = flow.visit('ClassifyStage', 1);
  return {
    beginWaiting: sum(
      flow.begin('AwaitDependencies'),
      flow.visit('AwaitDependencies', 1),
      flow.after('AwaitDependencies', 'PrepareStage'),
    ),
    beginPreparing: flow.begin('PrepareStage'),
    prepare: flow.visit('PrepareStage', 1),
    prepareToRun: flow.after('PrepareStage', 'RunStage'),
    prepareToSettle: flow.after('PrepareStage', 'SettleStage'),
    run: once,
    runAgain: { events: twice.events - once.events, transitions: twice.transitions - once.transitions },
    classifyToPrepare: sum(classify, flow.after('ClassifyStage', 'PrepareStage')),
    classifyToSettle: sum(classify, flow.after('ClassifyStage', 'SettleStage')),
    settle: flow.visit('SettleStage', 1),
  };
}
