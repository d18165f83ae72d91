import type { Sha256 } from '../digest.ts';
import type { Plan, PlanStep } from '../plan/plan.ts';
import { uploadsOfSteps } from '../plan/uploads-of-steps.ts';
import type { AttemptRecord, BuildRecord, ResultRecord } from './build-record.ts';
import { uploadPlace } from './places.ts';
import { planStep, scopeIn } from './plan-store.ts';
import { blobsOf, isSound } from './sound-blobs.ts';
import { findResult } from './stage-repository.ts';
import { type CachePorts, dropResult, neededBy } from './step-cache.ts';

/** What was found damaged, and is gone. */
export interface Damage {
  readonly step: string;
  readonly digest: Sha256;
}

interface Base {
  readonly step: PlanStep;
  readonly scope: string;
  readonly result: ResultRecord;
}

/** The results that an attempt worked on: those of its steps' needs of which it might read a blob. */
async function basesOf(ports: CachePorts, build: BuildRecord, plan: Plan, attempt: AttemptRecord): Promise<Base[]> {
  const own = attempt.steps.map((stepId) => planStep(plan, stepId));
  const bases: Base[] = [];
  for (const stepId of neededBy(plan, own)) {
    const step = planStep(plan, stepId);
    const scope = scopeIn(build, step);
    const result = await findResult(ports.table, scope, step.key);
    if (result !== undefined) bases.push({ step, scope, result });
  }
  return bases;
}

/**
 * Looks for what a builder says is damaged. Its word alone drops nothing, since it may be a tenant's: each blob that
 * the attempt might read is read here, and one that does not have its digest goes, with the pointer to it. So the step
 * that made it is missing from now on, and runs again.
 * @returns what was damaged; nothing where the store is sound
 */
export async function removeDamage(
  ports: CachePorts,
  build: BuildRecord,
  plan: Plan,
  attempt: AttemptRecord,
): Promise<Damage[]> {
  const damage: Damage[] = [];
  for (const { step, scope, result } of await basesOf(ports, build, plan, attempt)) {
    for (const blob of blobsOf(result, scope, build.tenantId)) {
      if (attempt.blobs[blob.digest] === undefined || (await isSound(ports.blobs, blob))) continue;
      await dropResult(ports, scope, step.key, result);
      await ports.blobs.delete(blob.place);
      damage.push({ step: step.id, digest: blob.digest });
    }
  }
  const reads = attempt.steps.map((stepId) => planStep(plan, stepId));
  for (const step of reads) {
    for (const digest of uploadsOfSteps([step])) {
      const place = uploadPlace(build.tenantId, digest);
      if (attempt.blobs[digest] !== place.path || (await isSound(ports.blobs, { place, digest }))) continue;
      await ports.blobs.delete(place);
      damage.push({ step: step.id, digest });
    }
  }
  return damage;
}

/**
 * Drops what the tenant's own code made of that which an attempt worked on: sound bytes that builders refuse again and again (a layer
 * that its index contradicts) would else be refused for ever. The shared ones stay: a builder of one tenant may not
 * take from others what is there.
 */
export async function dropOwnResults(
  ports: CachePorts,
  build: BuildRecord,
  plan: Plan,
  attempt: AttemptRecord,
): Promise<void> {
  for (const { step, scope, result } of await basesOf(ports, build, plan, attempt)) {
    const own = step.scope === 'tenant' && step.trust === 'tenant';
    if (own) await dropResult(ports, scope, step.key, result);
  }
}
