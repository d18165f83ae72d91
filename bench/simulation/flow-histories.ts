import { addCosts, type FlowCost, type FlowCosts, type TaskVisit } from './flow-cost.ts';

/** The Tasks that executions go through, as they happen, and what Step Functions would have written down of them. */
export class FlowHistories {
  readonly #flow: FlowCosts;
  readonly #executions = new Map<string, Map<string, TaskVisit[]>>();

  constructor(flow: FlowCosts) {
    this.#flow = flow;
  }

  /** Runs one attempt of a Task of an iteration. A further attempt right after a failed one is a retry. */
  async attempt<T>(execution: string, iteration: string, state: string, work: () => Promise<T>): Promise<T> {
    const iterations = this.#executions.get(execution) ?? new Map<string, TaskVisit[]>();
    this.#executions.set(execution, iterations);
    const visits = iterations.get(iteration) ?? [];
    iterations.set(iteration, visits);
    const last = visits.at(-1);
    const again = last?.state === state && last.failed;
    const visit = { state, attempts: again ? last.attempts + 1 : 1, failed: false };
    if (again) visits.pop();
    visits.push(visit);
    try {
      return await work();
    } catch (error) {
      visit.failed = true;
      throw error;
    }
  }

  /** What one execution came to. @throws Error where the machine has no such way */
  cost(execution: string): FlowCost {
    const iterations = [...(this.#executions.get(execution)?.values() ?? [])];
    return addCosts(this.#flow.frame(), ...iterations.map((visits) => this.#flow.iteration(visits)));
  }

  visits(execution: string): TaskVisit[][] {
    return [...(this.#executions.get(execution)?.values() ?? [])];
  }
}
