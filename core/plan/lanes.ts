import { stageLimit } from './step-graph.ts';

/** Items shared out over lanes that run at the same time, each item after the other in its lane. */
export interface Lanes {
  /** Of each item, its lane, from 0. */
  readonly laneOf: readonly number[];
  readonly count: number;
  /** Weight of the fullest lane and the price of all. */
  readonly cost: number;
}

/**
 * Shares items out so that the weight of the fullest lane and `price` for each lane are least in sum: a lane is worth
 * it where it shortens the rest by more than its price. Heaviest first to the emptiest lane, which is within a third
 * of the best (Graham 1969). Of equally good numbers of lanes the smallest.
 */
export function shareOut(weights: readonly number[], price: number): Lanes {
  const order = weights.map((_, item) => item).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  const heaviest = weights[order[0] ?? 0] ?? 0;
  let best: Lanes | undefined;
  for (let count = 1; count <= Math.min(stageLimit, Math.max(1, weights.length)); count += 1) {
    if (best !== undefined && heaviest + price * count >= best.cost) break;
    const filled = new Array<number>(count).fill(0);
    const laneOf = new Array<number>(weights.length).fill(0);
    for (const item of order) {
      const lane = emptiest(filled);
      laneOf[item] = lane;
      filled[lane] = (filled[lane] ?? 0) + (weights[item] ?? 0);
    }
    const cost = Math.max(...filled) + price * count;
    if (best === undefined || cost < best.cost) best = { laneOf, count, cost };
  }
  return best ?? { laneOf: [], count: 0, cost: 0 };
}

function emptiest(filled: readonly number[]): number {
  let best = 0;
  let least = filled[0] ?? 0;
  for (let lane = 1; lane < filled.length; lane += 1) {
    const weight = filled[lane] ?? 0;
    if (weight < least) {
      best = lane;
      least = weight;
    }
  }
  return best;
}
