import type { BuildFacts, ResultState } from '../../../../core/compliance/check.ts';
import type { Tree } from '../judged-tree.ts';

/** The good tree with something changed, and what one check says of it. */
export interface Case {
  readonly check: string;
  readonly name: string;
  readonly state: ResultState;
  /** Laid over the good tree. */
  readonly tree?: Tree;
  /** Laid over the good spec. */
  readonly spec?: object;
  readonly build?: Partial<BuildFacts>;
  readonly values?: object;
  /** A line of the evidence. */
  readonly evidence?: RegExp;
}

type Rest = Omit<Case, 'check' | 'name' | 'state'>;

/** Cases of one check: of each its name, its state, and what is changed. */
export const casesOf = (
  check: string,
  rows: readonly (readonly [name: string, state: ResultState, rest: Rest])[],
): Case[] => rows.map(([name, state, rest]) => ({ check, name, state, ...rest }));
