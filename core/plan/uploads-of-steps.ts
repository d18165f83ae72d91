import type { Sha256 } from '../digest.ts';
import type { PlanStep } from './plan.ts';
import { programs } from './programs/catalogue.ts';
import type { ProgramDeclaration } from './programs/program.ts';

const declarations = new Map<string, ProgramDeclaration>(Object.entries(programs));

/** Digests of the uploads that steps put into the tree, each once. */
export function uploadsOfSteps(steps: readonly Pick<PlanStep, 'program' | 'options'>[]): Sha256[] {
  const digests = steps.flatMap(({ program, options }) => declarations.get(program)?.readsUploads?.(options) ?? []);
  return [...new Set(digests)];
}
