import type { Plan, PlanStep } from '../plan/plan.ts';
import { ancestorsOf } from '../plan/stages.ts';
import type { Table } from '../ports/table.ts';
import type { ArtifactReference, LayerReference, ModuleReference } from './manifest.ts';
import { planStep, type ResultOwner, scopeIn } from './plan-store.ts';
import { findResult } from './stage-repository.ts';

/** What an attempt works on: layers and modules that are there already, each with the scope that it lies in. */
export interface StageInputs {
  readonly base: readonly { readonly layer: LayerReference; readonly scope: string; readonly after: string[] }[];
  readonly modules: readonly { readonly module: ModuleReference; readonly scope: string }[];
  /** Artifacts that are to be tested. */
  readonly artifacts: readonly ArtifactReference[];
}

/**
 * The layers that the steps are built on and do not make themselves, in the order of the plan; the modules that they
 * need; and of single layers among these the modules, from which trees are unpacked.
 * @param build whose results they are
 * @throws Error where a layer or a needed module has no result: the stage that makes it is settled before
 */
export async function stageInputs(
  table: Table,
  build: ResultOwner,
  plan: Plan,
  todo: readonly PlanStep[],
): Promise<StageInputs> {
  const own = new Set(todo.map((step) => step.id));
  // A test reads an artifact and nothing below it.
  const builders = todo.filter((step) => step.produces !== 'report');
  const ancestors = new Map(builders.flatMap((step) => ancestorsOf(plan.steps, step)).map((step) => [step.id, step]));
  const layers = plan.steps.filter((step) => ancestors.has(step.id) && !own.has(step.id));
  const base = await Promise.all(
    layers.map(async (step) => {
      const scope = scopeIn(build, step);
      const layer = (await findResult(table, scope, step.key))?.layer;
      if (layer === undefined) throw new Error(`the layer of ${step.id} is missing though its stage is settled`);
      return { layer: { ...layer, step: step.id }, scope, after: ancestorsOf(plan.steps, step).map(({ id }) => id) };
    }),
  );
  const needed = new Set(todo.flatMap((step) => step.needs).filter((need) => !own.has(need)));
  const below = new Set(layers.map((step) => step.id));
  const candidates = plan.steps.filter((step) => step.produces === 'module' && !own.has(step.id));
  const modules = await Promise.all(
    candidates.map(async (step) => {
      const [only, ...others] = step.needs;
      const single = only !== undefined && others.length === 0 && below.has(only);
      if (!needed.has(step.id) && !single) return undefined;
      const scope = scopeIn(build, step);
      const module = (await findResult(table, scope, step.key))?.module;
      if (module === undefined) {
        if (!needed.has(step.id)) return undefined;
        throw new Error(`the module of ${step.id} is missing though its stage is settled`);
      }
      return { module: { ...module, step: step.id, layers: [...planStep(plan, step.id).needs] }, scope };
    }),
  );
  const exported = plan.steps.filter((step) => step.produces === 'artifact' && needed.has(step.id));
  const artifacts = await Promise.all(
    exported.map(async (step): Promise<ArtifactReference> => {
      const artifact = (await findResult(table, scopeIn(build, step), step.key))?.artifact;
      if (artifact === undefined) throw new Error(`the artifact of ${step.id} is missing though its stage is settled`);
      return { step: step.id, digest: artifact.sha256, size: artifact.size };
    }),
  );
  return { base, modules: modules.filter((module) => module !== undefined), artifacts };
}
