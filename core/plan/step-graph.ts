import type { TrustClass } from '../builds/manifest.ts';

/**
 * Stages a plan may have: Step Functions ends at 25,000 events of history, and an inline Map throttles above 40. No
 * stage can then have 40 dependents, so that settling one stays far below the 100 writes of a transaction.
 */
export const stageLimit = 40;

/** What fusing reads of a step. */
export interface GraphStep {
  readonly id: string;
  readonly trust: TrustClass;
  readonly needs: readonly string[];
}

/** Service and seal run no tenant code and may share a builder; a tenant step never shares one with either. */
export type Family = 'tenant' | 'engine';

export function familyOf(trust: TrustClass): Family {
  return trust === 'tenant' ? 'tenant' : 'engine';
}

/** A part of the steps whose needs lead only to themselves and to parts before it. Steps by position in the plan. */
export interface Part {
  readonly family: Family;
  readonly steps: readonly number[];
}

/**
 * Needs of each step as positions. @throws Error where a step needs one that does not stand before it: plans are
 * sorted, and all that follows relies on it.
 */
export function positionsOfNeeds(steps: readonly GraphStep[]): readonly (readonly number[])[] {
  const positionOf = new Map<string, number>();
  return steps.map((step, position) => {
    const needs = step.needs.map((need) => {
      const found = positionOf.get(need);
      if (found === undefined) throw new Error(`the step ${need} does not stand before ${step.id}`);
      return found;
    });
    positionOf.set(step.id, position);
    return needs;
  });
}

/**
 * Cuts the steps where trust changes. The rank of a step counts the changes of family on the way to it, so a need
 * leads to a lower rank, or to the same rank and family: parts are the steps of one rank and family, and whatever is
 * fused within a part makes no circle between parts.
 */
export function partsOf(steps: readonly GraphStep[], needs: readonly (readonly number[])[]): readonly Part[] {
  const ranks: number[] = [];
  const parts = new Map<string, { family: Family; rank: number; steps: number[] }>();
  for (const [position, step] of steps.entries()) {
    const family = familyOf(step.trust);
    let rank = 0;
    for (const need of needs[position] ?? []) {
      const crossing = familyOf(steps[need]?.trust ?? step.trust) === family ? 0 : 1;
      rank = Math.max(rank, (ranks[need] ?? 0) + crossing);
    }
    ranks.push(rank);
    const name = `${rank}/${family}`;
    const part = parts.get(name) ?? { family, rank, steps: [] };
    part.steps.push(position);
    parts.set(name, part);
  }
  return [...parts.values()].sort((a, b) => a.rank - b.rank || (a.steps[0] ?? 0) - (b.steps[0] ?? 0));
}

/** Items that are joined one after another: which of them hang together (union-find with path halving). */
export class Components {
  readonly #parent: Int32Array;

  constructor(size: number) {
    this.#parent = new Int32Array(size);
    for (let item = 0; item < size; item += 1) this.#parent[item] = item;
  }

  /** The lowest item of the component of an item. */
  rootOf(item: number): number {
    const parent = this.#parent;
    let root = item;
    for (;;) {
      const up = parent[root] ?? root;
      if (up === root) return root;
      parent[root] = parent[up] ?? up;
      root = up;
    }
  }

  /** Joins the components of two items; answers the one of their lowest items that is the lowest of none any more. */
  join(a: number, b: number): number | undefined {
    const [one, other] = [this.rootOf(a), this.rootOf(b)];
    if (one === other) return undefined;
    const gone = Math.max(one, other);
    this.#parent[gone] = Math.min(one, other);
    return gone;
  }
}
