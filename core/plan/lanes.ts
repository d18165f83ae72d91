import { stageLimit } from './step-graph.ts';

/** A number of lanes that run at the same time, and what it costs. */
export interface LaneCount {
  readonly count: number;
  /** Weight of the fullest lane and the price of all. */
  readonly cost: number;
}

/**
 * The number of lanes for which the weight of the fullest one and `price` for each are least in sum: a lane is worth it
 * where it shortens the rest by more than its price. Heaviest first to the emptiest lane, which is within a third of
 * the best (Graham 1969). Of equally good numbers the smallest.
 * @param weights heaviest first
 */
export function bestLanes(weights: readonly number[], price: number): LaneCount {
  const [heaviest = 0] = weights;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let best: LaneCount = { count: 1, cost: total + price };
  for (let count = 2; count <= Math.min(stageLimit, weights.length); count += 1) {
    if (heaviest + price * count >= best.cost) break;
    if (total / count + price * count >= best.cost) continue;
    const cost = Math.max(...fill(weights, count).filled) + price * count;
    if (cost < best.cost) best = { count, cost };
  }
  return best;
}

/** Shares items out over the best number of lanes: of each lane its items, by their places in `weights`. */
export function shareOut(weights: readonly number[], price: number): readonly (readonly number[])[] {
  const order = weights.map((_, item) => item).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  const sorted = order.map((item) => weights[item] ?? 0);
  const { count } = bestLanes(sorted, price);
  const lanes: number[][] = Array.from({ length: count }, () => []);
  for (const [place, lane] of fill(sorted, count).laneOf.entries()) lanes[lane]?.push(order[place] ?? 0);
  return lanes;
}

/** Each weight, in its order, to the emptiest of so many lanes. */
function fill(weights: readonly number[], count: number): { filled: Float64Array; laneOf: Int32Array } {
  const filled = new Float64Array(count);
  const laneOf = new Int32Array(weights.length);
  for (const [item, weight] of weights.entries()) {
    let lane = 0;
    let least = filled[0] ?? 0;
    for (let other = 1; other < count; other += 1) {
      const content = filled[other] ?? 0;
      if (content < least) {
        lane = other;
        least = content;
      }
    }
    filled[lane] = least + weight;
    laneOf[item] = lane;
  }
  return { filled, laneOf };
}
