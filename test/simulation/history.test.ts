import { describe, expect, it } from 'vitest';
import { assumptions } from '../../bench/simulation/assumptions.ts';
import { addCosts, FlowCosts, readBuildDefinition } from '../../bench/simulation/flow-cost.ts';
import { historyBound, mostAttempts, mostStages } from '../../bench/simulation/history-bound.ts';
import { stageCosts } from '../../bench/simulation/stage-costs.ts';
import { planSchema } from '../../core/plan/plan.ts';
import { loadDefinition } from '../../local/flow/definition.ts';

const flow = new FlowCosts(readBuildDefinition());

/** A machine of one Map over one Task, with so many retries. */
function machine(resource: string, retries: number): FlowCosts {
  const waits = resource.endsWith('.waitForTaskToken');
  const work = {
    Type: 'Task',
    Resource: resource,
    Arguments: { FunctionName: 'work', Payload: waits ? { token: '{% $states.context.Task.Token %}' } : {} },
    Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: retries }],
    End: true,
  };
  const processor = { StartAt: 'Work', States: { Work: work } };
  const States = { Each: { Type: 'Map', Items: '{% $states.input.all %}', ItemProcessor: processor, End: true } };
  return new FlowCosts(loadDefinition(JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Each', States })));
}

describe('the cost of an execution', () => {
  it('counts what Step Functions writes: state, attempt, iteration, Map and execution', () => {
    // Execution 2, Map 4; each iteration 2, TaskStateEntered and Exited 2, TaskScheduled, Started, Succeeded 3.
    const functions = machine('arn:aws:states:::lambda:invoke', 2);
    const visit = { state: 'Work', attempts: 1, failed: false };
    expect(functions.frame()).toEqual({ events: 6, transitions: 2 });
    expect(functions.iteration([visit])).toEqual({ events: 7, transitions: 1 });
    // Each retry adds TaskScheduled, Started, Failed and one transition.
    expect(functions.iteration([{ ...visit, attempts: 3 }])).toEqual({ events: 13, transitions: 3 });
    expect(functions.worst(10, 1)).toEqual({ events: 6 + 10 * 13, transitions: 2 + 10 * 3 });
    // A callback has TaskSubmitted too.
    const waiting = machine('arn:aws:states:::lambda:invoke.waitForTaskToken', 0);
    expect(waiting.iteration([visit])).toEqual({ events: 8, transitions: 1 });
  });

  it('knows the usual way of a stage, and that no other way exists', () => {
    const visit = (state: string) => ({ state, attempts: 1, failed: false });
    // BeginStage 2, HasDependencies 2, PrepareStage 5, NeedsBuilder 2, RunStage 6, SettleStage 5, iteration 2.
    const usual = [visit('PrepareStage'), visit('RunStage'), visit('SettleStage')];
    expect(flow.iteration(usual)).toEqual({ events: 24, transitions: 6 });
    expect(() => flow.iteration([visit('RunStage'), visit('SettleStage')])).toThrow('no way leads from BeginStage');
    expect(() => flow.iteration([visit('PrepareStage')])).toThrow('no way leads from NeedsBuilder to the end');
  });

  it('is the sum of the moves that the simulation adds up', () => {
    const costs = stageCosts(flow);
    const visits = [
      { state: 'AwaitDependencies', attempts: 1, failed: false },
      { state: 'PrepareStage', attempts: 1, failed: false },
      { state: 'RunStage', attempts: 3, failed: true },
      { state: 'ClassifyStage', attempts: 1, failed: false },
      { state: 'PrepareStage', attempts: 1, failed: false },
      { state: 'RunStage', attempts: 1, failed: true },
      { state: 'ClassifyStage', attempts: 1, failed: false },
      { state: 'SettleStage', attempts: 1, failed: false },
    ];
    const attempt = addCosts(costs.prepare, costs.prepareToRun, costs.run);
    const sum = addCosts(
      ...[costs.beginWaiting, attempt, costs.runAgain, costs.runAgain, costs.classifyToPrepare],
      ...[attempt, costs.classifyToSettle, costs.settle],
    );
    expect(sum).toEqual(flow.iteration(visits));
  });
});

describe('the history of the largest allowed plan', () => {
  it('stays below what Step Functions allows, every retry of every state and stage used', () => {
    const size = { vcpu: 2, memoryMiB: 8_192, diskGiB: 40 };
    const stage = { id: 's1', trust: 'service', steps: ['bootstrap'], needs: [], size };
    const accepts = (count: number) => planSchema.shape.stages.safeParse(new Array(count).fill(stage)).success;
    expect([accepts(mostStages), accepts(mostStages + 1)]).toEqual([true, false]);
    expect(mostAttempts).toBeGreaterThanOrEqual(5);
    const bound = historyBound(flow);
    expect(bound.worst.events).toBeLessThan(assumptions.historyEvents);
    // It is no bound that anything would pass: two attempts more are too many.
    expect(flow.worst(mostStages, mostAttempts + 2).events).toBeGreaterThan(assumptions.historyEvents);
  });

  it('is at least what a stage writes that goes through all its attempts', () => {
    const attempts = Array.from({ length: mostAttempts }, () => [
      { state: 'PrepareStage', attempts: 7, failed: false },
      { state: 'RunStage', attempts: 6, failed: true },
      { state: 'ClassifyStage', attempts: 7, failed: false },
    ]).flat();
    const stage = flow.iteration([
      { state: 'AwaitDependencies', attempts: 7, failed: false },
      ...attempts,
      { state: 'SettleStage', attempts: 7, failed: false },
    ]);
    const worst = flow.worst(mostStages, mostAttempts).events;
    expect(worst).toBeGreaterThanOrEqual(flow.frame().events + mostStages * stage.events);
    expect(worst - (flow.frame().events + mostStages * stage.events)).toBeLessThan(100);
  });
});
