import { assumptions } from './assumptions.ts';
import { at } from './event-queue.ts';
import type { FlowCost } from './flow-cost.ts';

/** What a run on paper would be charged for. Times are milliseconds. */
export class Ledger {
  /** By build. */
  readonly historyEvents: Int32Array;
  transitions = 0;
  functionCalls = 0;
  functionMilliseconds = 0;
  /** Of tasks, as Fargate bills them. */
  readonly billed = { spot: 0, onDemand: 0 };

  constructor(builds: number) {
    this.historyEvents = new Int32Array(builds);
  }

  spend(build: number, cost: FlowCost): void {
    this.historyEvents[build] = at(this.historyEvents, build) + cost.events;
    this.transitions += cost.transitions;
  }

  call(milliseconds: number): void {
    this.functionCalls += 1;
    this.functionMilliseconds += milliseconds;
  }

  task(milliseconds: number, onDemand: boolean): void {
    this.billed[onDemand ? 'onDemand' : 'spot'] += Math.max(milliseconds, assumptions.prices.leastBilled);
  }
}

/** Dollars. */
export interface Costs {
  readonly tasks: number;
  readonly transitions: number;
  readonly functions: number;
}

/** What it comes to, by the prices of assumptions.ts. */
export function costsOf(ledger: Ledger): Costs {
  const { prices, task } = assumptions;
  const second =
    task.vcpu * prices.fargateVcpuSecond +
    task.memoryGiB * prices.fargateGibSecond +
    Math.max(0, task.diskGiB - prices.fargateFreeDiskGib) * prices.fargateDiskGibSecond;
  return {
    tasks: (second * (ledger.billed.onDemand + prices.spotShare * ledger.billed.spot)) / 1_000,
    transitions: prices.transition * ledger.transitions,
    functions:
      prices.functionCall * ledger.functionCalls +
      (prices.functionGibSecond * prices.functionGib * ledger.functionMilliseconds) / 1_000,
  };
}
