import { findBuild } from '../../core/builds/build-repository.ts';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { warmthOf } from '../../core/builds/warmth.ts';
import type { Ports } from '../../core/ports/ports.ts';
import type { TaskRunner } from './task-runner.ts';

/**
 * Lets the builder that waits for the next build make ready what a build has begun with: whoever builds something likely
 * builds it again, with a small change.
 */
export async function warmBuilders(
  ports: Pick<Ports, 'table' | 'blobs'>,
  runner: Pick<TaskRunner, 'warm'>,
  buildId: string,
): Promise<void> {
  const build = await findBuild(ports.table, buildId);
  if (runner.warm === undefined || build?.value.state !== 'succeeded') return;
  // What a verification made is taken by nobody.
  if (build.value.verifies !== undefined) return;
  const found = await warmthOf(ports.table, build.value, await loadPlan(ports.blobs, buildId));
  if (found !== undefined) await runner.warm(found.warmth, found.blobs);
}
