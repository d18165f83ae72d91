import { findBuild } from '../../core/builds/build-repository.ts';
import { loadPlan, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import type { Ports } from '../../core/ports/ports.ts';

/**
 * Digests of all that a build made, by step: of its layer, its module or its artifact. Where two builds differ, the first
 * step that does says where that began.
 */
export async function buildDigests(
  { table, blobs }: Pick<Ports, 'table' | 'blobs'>,
  buildId: string,
): Promise<Readonly<Record<string, string>>> {
  const build = await findBuild(table, buildId);
  if (build === undefined) throw new Error(`there is no build ${buildId}`);
  const plan = await loadPlan(blobs, buildId);
  const made = plan.steps.map(async (step): Promise<[string, string]> => {
    const result = await findResult(table, scopeOf(step, build.value.tenantId), step.key);
    const digest = result?.layer?.diffId ?? result?.module?.digest ?? result?.artifact?.sha256;
    return [step.id, digest ?? 'missing'];
  });
  return Object.fromEntries(await Promise.all(made));
}
