import type { ArrivalPattern } from './arrivals.ts';
import type { Capacity } from './capacity.ts';

/** A workload in an installation. */
export interface Scenario {
  readonly name: string;
  readonly arrivals: ArrivalPattern;
  /** Milliseconds over which builds come in, where the pattern says so. */
  readonly span: number;
  readonly capacity: Capacity;
}

/** 300 builds at once, ten stages of each; the account has a quota of 8,000 vCPUs, two a task. */
const usual: Capacity = {
  builds: { installation: 300, tenant: 300 },
  stagesPerBuild: 10,
  tasks: 4_000,
  kind: 'spot',
};

const day = 86_400_000;

/** What docs/simulation.md shows. */
export const scenarios: readonly Scenario[] = [
  { name: 'burst', arrivals: 'burst', span: 0, capacity: usual },
  { name: 'steady over a day', arrivals: 'steady', span: day, capacity: usual },
  { name: 'two tenants, no limit a tenant', arrivals: 'two-tenants', span: day / 2, capacity: usual },
  {
    name: 'two tenants, 240 builds a tenant',
    arrivals: 'two-tenants',
    span: day / 2,
    capacity: { ...usual, builds: { installation: 300, tenant: 240 } },
  },
  {
    name: 'burst, 40 stages a build at once',
    arrivals: 'burst',
    span: 0,
    capacity: { ...usual, stagesPerBuild: 40 },
  },
  {
    name: 'burst, 500 builds at once',
    arrivals: 'burst',
    span: 0,
    capacity: { ...usual, builds: { installation: 500, tenant: 500 } },
  },
  {
    name: 'burst, 1,000 builds at once',
    arrivals: 'burst',
    span: 0,
    capacity: { ...usual, builds: { installation: 1_000, tenant: 1_000 } },
  },
  { name: 'burst, on demand', arrivals: 'burst', span: 0, capacity: { ...usual, kind: 'on-demand' } },
];
