import { costTable, programCost } from './cost-table.ts';
import type { PlanStage, PlanStep } from './plan.ts';
import { uploadsOfSteps } from './uploads-of-steps.ts';

export type StageSize = PlanStage['size'];

/**
 * Size of the builder of a stage, by its programs: as many vCPU as its busiest one uses, and two where steps run at
 * the same time; memory for the two largest of those, or for the largest one; disk for the image, the tree at its bound,
 * all outputs, and a copy of the tree for each that divides it among partitions. Rounded up to a pair of vCPU and memory that Fargate takes.
 * @param atOnce whether two of the steps may run at the same time
 */
export function sizeOf(steps: readonly PlanStep[], atOnce: boolean): StageSize {
  const costs = steps.map((step) => programCost(step));
  const vcpu = atOnce || costs.some((cost) => cost.vcpu > 1) ? 2 : 1;
  const [largest = 0, second = 0] = costs.map((cost) => cost.memoryMiB).sort((a, b) => b - a);
  const memoryMiB = costTable.agentMemoryMiB + largest + (atOnce ? second : 0);
  const { least, most } = costTable.fargateDiskGiB;
  const uploadsGiB = uploadsOfSteps(steps).length > 0 ? costTable.uploadsGiB : 0;
  const outputsGiB = costs.reduce((sum, cost) => sum + cost.diskGiB, uploadsGiB);
  const trees = 1 + steps.filter(dividesTree).length;
  const diskGiB = Math.min(most, Math.max(least, costTable.imageGiB + trees * costTable.treeGiB + outputsGiB));
  return { ...fargatePair(vcpu, memoryMiB), diskGiB };
}

/** Whether a step makes a disk with partitions for parts of the tree. */
function dividesTree({ options }: PlanStep): boolean {
  const { layout } = options;
  return typeof layout === 'object' && layout !== null && 'partitions' in layout;
}

/** The smallest pair of vCPU and memory that has both. The largest pair where none has. */
export function fargatePair(vcpu: number, memoryMiB: number): { vcpu: number; memoryMiB: number } {
  let largest = { vcpu, memoryMiB };
  for (const [name, { from, to, step }] of Object.entries(costTable.fargateMemoryGiB)) {
    const steps = Math.max(0, Math.ceil((memoryMiB / 1_024 - from) / step));
    const pair = { vcpu: Number(name), memoryMiB: Math.min(to, from + steps * step) * 1_024 };
    if (pair.vcpu >= vcpu && pair.memoryMiB >= memoryMiB) return pair;
    largest = pair;
  }
  return largest;
}

/** US dollars that a second of a builder costs, by the table's prices. */
export function dollarsPerSecond(size: StageSize, architecture: 'amd64' | 'arm64'): number {
  const { vcpuSecond, memoryGiBSecond, diskGiBSecond, freeDiskGiB, armShare } = costTable.prices;
  const processing = size.vcpu * vcpuSecond + (size.memoryMiB / 1_024) * memoryGiBSecond;
  const disk = Math.max(0, size.diskGiB - freeDiskGiB) * diskGiBSecond;
  return processing * (architecture === 'arm64' ? armShare : 1) + disk;
}
