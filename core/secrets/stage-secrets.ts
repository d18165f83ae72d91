import type { PlanStep } from '../plan/plan.ts';
import { programs } from '../plan/programs/catalogue.ts';
import type { ProgramDeclaration } from '../plan/programs/program.ts';
import type { Table } from '../ports/table.ts';
import { findSecret } from './secret-repository.ts';

const declarations = new Map<string, ProgramDeclaration>(Object.entries(programs));

/**
 * The secrets that steps name.
 * @returns names by step, of those steps alone that name some; and the names of which the tenant has no secret any more
 */
export async function stageSecrets(
  table: Table,
  tenantId: string,
  steps: readonly Pick<PlanStep, 'id' | 'program' | 'options'>[],
): Promise<{ readonly byStep: Readonly<Record<string, string[]>>; readonly missing: readonly string[] }> {
  const named = steps.flatMap(({ id, program, options }) => {
    const names = declarations.get(program)?.readsSecrets?.(options) ?? [];
    return names.length === 0 ? [] : [[id, [...names]] satisfies [string, string[]]];
  });
  const names = [...new Set(named.flatMap(([, own]) => own))].sort();
  const found = await Promise.all(names.map((name) => findSecret(table, tenantId, name)));
  return { byStep: Object.fromEntries(named), missing: names.filter((_, place) => found[place] === undefined) };
}
