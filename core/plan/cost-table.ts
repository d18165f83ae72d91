/** What one run of a step program takes, as far as nothing else is known. */
export interface ProgramCost {
  /** Seconds of the program and of taking its difference. `ofTimeout`: that share of the step's own bound. */
  readonly seconds: number | { readonly ofTimeout: number };
  /**
   * Bytes of what it makes: a layer's compressed tar, a module, an artifact. Where it packs others: so many `times`
   * the bytes of what it needs, or of all layers of its tree, and so many more.
   */
  readonly bytes: number | { readonly of: 'needs' | 'tree'; readonly times: number; readonly plus: number };
  /** Processors that it keeps busy. */
  readonly vcpu: 1 | 2;
  /** Memory at its peak, and as much of the page cache as keeps the tree from being read twice (assumed). */
  readonly memoryMiB: number;
  /** Disk that it may fill beside the tree: its outputs, and copies that it works on (assumed, generous). */
  readonly diskGiB: number;
}

const mib = 1_048_576;

/** By program, or by program and step. Times and sizes are measured, but for where it says otherwise. */
const programs: Readonly<Record<string, ProgramCost>> = {
  bootstrap: { seconds: 13, bytes: 60 * mib, vcpu: 2, memoryMiB: 2_048, diskGiB: 2 },
  // Together they were measured (17 s, 86 MiB); that most of it is the kernel's is assumed.
  'packages/kernel': { seconds: 12, bytes: 66 * mib, vcpu: 1, memoryMiB: 4_096, diskGiB: 4 },
  packages: { seconds: 5, bytes: 20 * mib, vcpu: 1, memoryMiB: 4_096, diskGiB: 8 },
  initramfs: { seconds: 11, bytes: 30 * mib, vcpu: 1, memoryMiB: 1_024, diskGiB: 1 },
  // Generates a locale, which is most of it.
  system: { seconds: 1, bytes: mib, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  // Assumed: a few files are edited, and the difference of a tree is taken (0.09 s).
  groups: { seconds: 0.2, bytes: 4_096, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  users: { seconds: 0.2, bytes: 8_192, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  files: { seconds: 0.2, bytes: 16_384, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  configuration: { seconds: 0.2, bytes: 8_192, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  services: { seconds: 0.2, bytes: 4_096, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  // Assumed: 150 certificates are linked by their hashes, and stand in one file together.
  certificates: { seconds: 1.5, bytes: 200_000, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  'spec-file': { seconds: 0.2, bytes: 8_192, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  'first-boot': { seconds: 0.2, bytes: 8_192, vcpu: 1, memoryMiB: 512, diskGiB: 1 },
  // Assumed: whoever bounds a script gives it about four times what it needs. A spec says nothing else of its time,
  // and a step of the default bound (600 s) that may run beside others is then worth a task of its own.
  script: { seconds: { ofTimeout: 0.25 }, bytes: 8 * mib, vcpu: 2, memoryMiB: 6_144, diskGiB: 8 },
  module: { seconds: 2.2, bytes: { of: 'needs', times: 1.08, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 2 },
  // Kernel, initial RAM file system and boot files stand in it once more.
  iso: { seconds: 1.3, bytes: { of: 'needs', times: 1, plus: 58 * mib }, vcpu: 2, memoryMiB: 2_048, diskGiB: 10 },
  tar: { seconds: 2.4, bytes: { of: 'tree', times: 1, plus: 0 }, vcpu: 2, memoryMiB: 1_024, diskGiB: 8 },
  // Measured on a tree of 212 MB in one layer, times three: gzip; with zstd a third of it.
  oci: { seconds: 9, bytes: { of: 'tree', times: 1.15, plus: 0 }, vcpu: 2, memoryMiB: 1_024, diskGiB: 8 },
  // Measured in the same way. Its plain layers lie there twice while the archive is written.
  docker: { seconds: 5, bytes: { of: 'tree', times: 4.4, plus: 0 }, vcpu: 2, memoryMiB: 1_024, diskGiB: 24 },
  // Packs a module beside kernel and initial RAM file system.
  netboot: { seconds: 1, bytes: { of: 'needs', times: 1, plus: 50 * mib }, vcpu: 1, memoryMiB: 1_024, diskGiB: 8 },
  // As oci with gzip, of one layer.
  wsl: { seconds: 9, bytes: { of: 'tree', times: 1.15, plus: 0 }, vcpu: 2, memoryMiB: 1_024, diskGiB: 8 },
  // Measured with a disk of 1.5 GiB, most of it free.
  raw: { seconds: 4, bytes: { of: 'tree', times: 10, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 20 },
  // Each makes that disk beside its own file. Measured beside each other, with a disk of 2 GiB that holds 343 MiB: 208
  // to 210 MiB compressed, 357 to 360 plain. How the seconds would be alone is assumed.
  qcow2: { seconds: 8, bytes: { of: 'tree', times: 1.4, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 32 },
  vmdk: { seconds: 12, bytes: { of: 'tree', times: 1.5, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 32 },
  vhd: { seconds: 6, bytes: { of: 'tree', times: 4, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 40 },
  vhdx: { seconds: 6, bytes: { of: 'tree', times: 4, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 40 },
  // Assumed: every file of a tree of some 600 MB is read once.
  inspect: { seconds: 4, bytes: 400_000, vcpu: 2, memoryMiB: 1_024, diskGiB: 8 },
  // Measured with a web server: a second, and small files alone.
  remediate: { seconds: 1, bytes: 60_000, vcpu: 2, memoryMiB: 1_024, diskGiB: 8 },
  // Without KVM, where it is not known whether there is one: 60 to 85 s until a login prompt, and the tests.
  'boot-test': { seconds: 90, bytes: 200_000, vcpu: 2, memoryMiB: 2_560, diskGiB: 4 },
  ova: { seconds: 13, bytes: { of: 'tree', times: 1.5, plus: 0 }, vcpu: 2, memoryMiB: 2_048, diskGiB: 44 },
};

/** What a program takes that has no row: of middling size. */
const otherProgram: ProgramCost = { seconds: 5, bytes: 16 * mib, vcpu: 2, memoryMiB: 4_096, diskGiB: 8 };

/**
 * The one table of what things take and cost. Every plan is split, sized and estimated by it, everywhere: what one
 * machine does faster than Fargate shows in its history of runs (estimate.ts), never in the plan.
 *
 * - `measured`: docs/performance.md of 26 November 2026 (2 cores, Debian 12, package cache warm), and the tools called
 *   by hand on the same machine: a tree of 638 MB gives 146 MB of tar with zstd, 158 MB of squashfs, an ISO of 219 MB.
 * - `published`: AWS's prices for us-east-1 and its documentation of Fargate, November 2026.
 * - `assumed`: by nobody measured; the reason stands beside it.
 */
export const costTable = {
  date: '2026-11-26',
  region: 'us-east-1',
  currency: 'USD',

  /**
   * Seconds from RunTask to the agent's first step: the middle of the 20 to 70 s that tasks are seen to take
   * (published experience; most of it is the image pull).
   */
  taskStartSeconds: 45,
  /** Seconds of the engine beside the steps of a stage that runs: hand-over, polling, settling (measured, median). */
  stageSeconds: 0.25,
  /** Seconds of a stage in which nothing runs: two functions and four states (assumed: a share of the above). */
  idleStageSeconds: 0.05,
  /** Bytes of compressed layers that are unpacked a second: 146 MB in 1.6 s (measured). */
  restoreBytesPerSecond: 91_000_000,

  programs,
  otherProgram,

  /** Pairs of vCPU and memory that Fargate takes: from, to and step in GiB for each number of vCPU (published). */
  fargateMemoryGiB: {
    1: { from: 2, to: 8, step: 1 },
    2: { from: 4, to: 16, step: 1 },
    4: { from: 8, to: 30, step: 1 },
    8: { from: 16, to: 60, step: 4 },
    16: { from: 32, to: 120, step: 8 },
  },
  /** Ephemeral storage of a task (published): 21 to 200 GiB on request, the image included. */
  fargateDiskGiB: { least: 21, most: 200 },
  /** GiB of the builder's image and of the tree at its bound (functions/orchestration/prepare-stage). */
  imageGiB: 2,
  treeGiB: 16,
  // Uploads of a spec at their bound (core/uploads/limits.ts), as they come and in the layer; they are no larger in the tree.
  uploadsGiB: 16,
  /** MiB of the agent and the system around it. */
  agentMemoryMiB: 512,

  /** Published, on demand, in US dollars. Spot costs up to 70 % less; functions and requests are not counted. */
  prices: {
    vcpuSecond: 0.000_011_244,
    memoryGiBSecond: 0.004_445 / 3_600,
    /** Beyond the 20 GiB that cost nothing. */
    diskGiBSecond: 0.000_111 / 3_600,
    freeDiskGiB: 20,
    /** Arm costs about a fifth less. */
    armShare: 0.8,
    /** A task is billed for a minute at least, from the image pull on. */
    leastBilledSeconds: 60,
    transition: 0.025 / 1_000,
  },
  /** State transitions by lib/build.asl.json: of a build, of each stage, and more where it waits and where it runs. */
  transitions: { build: 2, stage: 5, waits: 1, runs: 1 },
} as const;

/** What a step takes by the table. */
export function programCost(step: { readonly program: string; readonly id: string }): ProgramCost {
  return programs[`${step.program}/${step.id}`] ?? programs[step.program] ?? otherProgram;
}

/** Seconds of a step by the table alone. */
export function tableSeconds(step: {
  readonly id: string;
  readonly program: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
}): number {
  const { seconds } = programCost(step);
  if (typeof seconds === 'number') return seconds;
  const own = step.options.timeoutSeconds;
  return seconds.ofTimeout * (typeof own === 'number' ? own : step.timeoutSeconds);
}
