import { bestLanes, shareOut } from './lanes.ts';
import { Components, type Part, stageLimit } from './step-graph.ts';

/** Steps that stay together: by position in the plan, ascending, with their seconds in sum. */
interface Cluster {
  readonly steps: readonly number[];
  readonly seconds: number;
}

/** A chain of steps, and where it stands: the length of the longest way to it. */
interface Chain extends Cluster {
  readonly level: number;
  /** Chains that need it, by index. */
  readonly dependents: readonly number[];
}

/** A part's ways into stages. */
export interface PartSplit {
  /**
   * The stages for a price of a stage, in an order in which needs lead back only. Each stage's steps ascend.
   * @param price seconds that a further stage must save
   */
  stages(price: number): readonly (readonly number[])[];
}

/**
 * Prepares the split of a part.
 *
 * A part of the engine is never cut along its needs: its agent runs side branches at the same time. Only what is not
 * connected may be shared out over stages.
 *
 * In a tenant part steps run one after another, so that branches are worth stages of their own where they are long.
 * Chains stay together. The part is cut into bands of levels; in a band, what is connected stays together, and the rest
 * is shared out over lanes, one stage a lane. So needs lead to the same stage or to a band before. Of all bands those
 * are taken whose fullest lanes, and the price of all stages, are least in sum.
 *
 * @param seconds of each step of the plan
 */
export function splitOf(part: Part, needs: readonly (readonly number[])[], seconds: readonly number[]): PartSplit {
  const chains = chainsOf(part, needs, seconds);
  const levels: number[][] = [];
  for (const [index, { level }] of chains.entries()) {
    const members = levels[level] ?? [];
    members.push(index);
    levels[level] = members;
  }
  const weights = weightsOfBands(chains, levels);

  return {
    stages: (price) => {
      // The best cut of the levels up to each one; of equal cuts the one with the longer last band.
      const best: { cost: number; from: number }[] = [];
      for (let to = 0; to < levels.length; to += 1) {
        for (let from = 0; from <= to; from += 1) {
          const cost = (best[from - 1]?.cost ?? 0) + bestLanes(weights[from]?.[to] ?? [], price).cost;
          const known = best[to];
          if (known === undefined || cost < known.cost) best[to] = { cost, from };
        }
      }
      const stages: (readonly number[])[][] = [];
      for (let to = levels.length - 1; to >= 0; ) {
        const from = best[to]?.from ?? to;
        stages.push(lanesOf(clustersOf(chains, levels.slice(from, to + 1).flat()), price));
        to = from - 1;
      }
      return stages.reverse().flat();
    },
  };
}

/** Seconds of what hangs together in each band of levels, by first and last level, most first: they know no price. */
function weightsOfBands(chains: readonly Chain[], levels: readonly (readonly number[])[]): number[][][] {
  const weights: number[][][] = levels.map(() => []);
  const seconds = Float64Array.from(chains.map((chain) => chain.seconds));
  for (let to = 0; to < levels.length; to += 1) {
    const components = new Components(chains.length);
    const sums = seconds.slice();
    let roots: number[] = [];
    for (let from = to; from >= 0; from -= 1) {
      for (const index of levels[from] ?? []) {
        roots.push(index);
        for (const other of chains[index]?.dependents ?? []) {
          if ((chains[other]?.level ?? 0) > to) continue;
          const gone = components.join(index, other);
          if (gone === undefined) continue;
          const kept = components.rootOf(gone);
          sums[kept] = (sums[kept] ?? 0) + (sums[gone] ?? 0);
        }
      }
      roots = roots.filter((index) => components.rootOf(index) === index);
      const row = weights[from];
      if (row !== undefined) row[to] = roots.map((root) => sums[root] ?? 0).sort((a, b) => b - a);
    }
  }
  return weights;
}

/** What hangs together among some chains. */
function clustersOf(chains: readonly Chain[], members: readonly number[]): Cluster[] {
  const among = new Set(members);
  const components = new Components(chains.length);
  for (const index of members) {
    for (const other of chains[index]?.dependents ?? []) if (among.has(other)) components.join(index, other);
  }
  const clusters = new Map<number, { steps: number[]; seconds: number }>();
  for (const index of members) {
    const root = components.rootOf(index);
    const cluster = clusters.get(root) ?? { steps: [], seconds: 0 };
    cluster.steps.push(...(chains[index]?.steps ?? []));
    cluster.seconds += chains[index]?.seconds ?? 0;
    clusters.set(root, cluster);
  }
  return [...clusters.values()];
}

/** The stages of a band: its clusters shared out, by their first steps. */
function lanesOf(clusters: readonly Cluster[], price: number): (readonly number[])[] {
  const weights = clusters.map((cluster) => cluster.seconds);
  return shareOut(weights, price)
    .map((items) => items.flatMap((item) => clusters[item]?.steps ?? []).sort((a, b) => a - b))
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** The chains of a part. Of a part of the engine all stand on one level; more levels than stages are drawn together. */
function chainsOf(part: Part, needs: readonly (readonly number[])[], seconds: readonly number[]): Chain[] {
  const inside = new Set(part.steps);
  const needsInside = (step: number): number[] => (needs[step] ?? []).filter((need) => inside.has(need));
  const dependents = new Map<number, number>();
  for (const need of part.steps.flatMap(needsInside)) dependents.set(need, (dependents.get(need) ?? 0) + 1);
  const chains: { steps: number[]; seconds: number; level: number; dependents: number[] }[] = [];
  const chainOf = new Map<number, number>();
  for (const step of part.steps) {
    const before = needsInside(step);
    const [only] = before;
    const follows = only !== undefined && before.length === 1 && dependents.get(only) === 1;
    const index = (follows ? chainOf.get(only) : undefined) ?? chains.length;
    const chain = chains[index] ?? { steps: [], seconds: 0, level: 0, dependents: [] };
    chains[index] = chain;
    chain.steps.push(step);
    chain.seconds += seconds[step] ?? 0;
    chainOf.set(step, index);
    for (const need of before) {
      const needed = chains[chainOf.get(need) ?? index];
      if (needed === undefined || needed === chain) continue;
      needed.dependents.push(index);
      if (part.family === 'tenant') chain.level = Math.max(chain.level, needed.level + 1);
    }
  }
  const levels = 1 + Math.max(...chains.map(({ level }) => level));
  if (levels <= stageLimit) return chains;
  return chains.map((chain) => ({ ...chain, level: Math.floor((chain.level * stageLimit) / levels) }));
}
