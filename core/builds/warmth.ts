import type { Sha256 } from '../digest.ts';
import type { Plan } from '../plan/plan.ts';
import type { Table } from '../ports/table.ts';
import type { Warmth } from './manifest.ts';
import { blobPlace } from './places.ts';
import type { ResultOwner } from './plan-store.ts';
import { stageInputs } from './stage-inputs.ts';

/** What to make ready, and where each blob of it lies in the work bucket. */
export interface WarmthInputs {
  readonly warmth: Warmth;
  readonly blobs: ReadonlyMap<Sha256, string>;
}

/**
 * The layers of a build that the next one most likely begins with: those below the user's packages, where the spec has
 * some, else those below the first step that is not shared. Nothing in them is of a tenant.
 * @returns undefined where there are none
 * @throws Error where a layer has no result any more
 */
export async function warmthOf(table: Table, build: ResultOwner, plan: Plan): Promise<WarmthInputs | undefined> {
  const installs = plan.steps.filter((step) => step.scope === 'shared' && step.program === 'packages');
  const first = plan.steps.find((step) => step.scope !== 'shared' && step.produces === 'layer');
  const above = installs.length > 1 ? installs.at(-1) : first;
  if (above === undefined) return undefined;
  const inputs = await stageInputs(table, build, plan, [above]);
  const base = inputs.base.filter(({ scope }) => scope === 'shared');
  if (base.length === 0 || base.length < inputs.base.length) return undefined;
  const blobs = new Map<Sha256, string>();
  for (const { layer, scope } of base) {
    for (const digest of [layer.digest, layer.index]) blobs.set(digest, blobPlace(scope, digest).path);
  }
  const modules = inputs.modules.filter(({ scope }) => scope === 'shared');
  for (const { module, scope } of modules) blobs.set(module.digest, blobPlace(scope, module.digest).path);
  return {
    warmth: {
      base: base.map(({ layer, after }) => ({ ...layer, after })),
      modules: modules.map(({ module }) => module),
    },
    blobs,
  };
}
