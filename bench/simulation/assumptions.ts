/**
 * What the simulation takes as given, in one table: AWS limits and prices of us-east-1 as published in November 2026,
 * and figures of a workload that nobody has measured yet. Times are milliseconds, prices US dollars.
 */
export const assumptions = {
  date: '2026-11-26',
  region: 'us-east-1',

  /** Amazon ECS service quotas: RunTask on Fargate, for the whole account. */
  launches: { perSecond: 20, burst: 100 },
  /** From RunTask to the agent's first step; most of it is the image pull. Drawn from a triangle. */
  startUp: { shortest: 20_000, usual: 45_000, longest: 70_000 },
  /** A warm function behind Step Functions: the call, two or three reads and a transaction. Drawn evenly. */
  functionCall: { shortest: 60, longest: 240 },
  /** From the submission to the queue: two events, the spec's check, the plan. */
  planning: 1_500,
  /** Between two heartbeats of an agent (functions/orchestration/prepare-stage). */
  heartbeat: 2_000,

  /** Work of a stage is lognormal: half of all stages take less than the median, one in twenty 3.2 times as long. */
  work: { medians: { service: 60_000, tenant: 45_000, seal: 40_000 }, sigma: 0.7, longest: 3_600_000 },
  /** Steps that a stage holds; each that ended is kept when its task is lost. */
  steps: { fewest: 1, most: 4 },

  faults: {
    /** A Spot task is taken back so often in an hour of its running. */
    spotInterruptionsPerHour: 0.05,
    /** Image pull, network interface: the task never started. */
    failsToStart: 0.003,
    /** The agent vanished; a stage's task, whatever its length. */
    agentLost: 0.000_5,
    /** A script of the tenant ends with an error. */
    stepFails: 0.000_5,
  },

  /** Of every stage, whatever it does: the engine's own size of a builder (core/plan). */
  task: { vcpu: 2, memoryGiB: 8, diskGiB: 40 },

  prices: {
    fargateVcpuSecond: 0.000_011_244,
    fargateGibSecond: 0.004_445 / 3_600,
    /** Beyond the 20 GiB that cost nothing. */
    fargateDiskGibSecond: 0.000_111 / 3_600,
    fargateFreeDiskGib: 20,
    /** Of the price on demand. */
    spotShare: 0.3,
    /** Fargate charges a minute at least. */
    leastBilled: 60_000,
    transition: 0.025 / 1_000,
    functionCall: 0.2 / 1_000_000,
    /** 512 MiB for the middle of `functionCall`. */
    functionGibSecond: 0.000_016_666_7,
    functionGib: 0.5,
    writeUnit: 0.625 / 1_000_000,
    readUnit: 0.125 / 1_000_000,
  },

  /** Step Functions ends an execution of the Standard type at so many events. */
  historyEvents: 25_000,
} as const;
