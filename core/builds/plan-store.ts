import { readJson, utf8 } from '../json.ts';
import { planText } from '../plan/make-plan.ts';
import { type Plan, type PlanStep, planSchema } from '../plan/plan.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { BuildRecord } from './build-record.ts';
import { planPlace } from './places.ts';

/** Stores a build's plan, once: a plan that is there stays, since an execution may already read it. */
export async function storePlan(blobs: Blobs, buildId: string, plan: Plan): Promise<void> {
  await blobs.put(planPlace(buildId), utf8(planText(plan)), { contentType: 'application/json', ifAbsent: true });
}

/** The frozen plan of a build. @throws Error where it is missing or damaged. */
export async function loadPlan(blobs: Blobs, buildId: string): Promise<Plan> {
  const bytes = await blobs.get(planPlace(buildId));
  if (bytes === undefined) throw new Error(`the plan of ${buildId} is missing`);
  return planSchema.parse(readJson(bytes));
}

/** The plan of a build that may have none, or one of an older form: undefined then. */
export async function findPlan(blobs: Blobs, buildId: string): Promise<Plan | undefined> {
  const bytes = await blobs.get(planPlace(buildId));
  return bytes === undefined ? undefined : planSchema.safeParse(readJson(bytes)).data;
}

/** The pool that a step's result belongs to: the shared one, or its tenant's own. */
export function scopeOf(step: Pick<PlanStep, 'scope'>, tenantId: string): string {
  return step.scope === 'shared' ? 'shared' : tenantId;
}

/** Whose results a build takes and makes. */
export type ResultOwner = Pick<BuildRecord, 'id' | 'tenantId' | 'verifies'>;

/**
 * The pool in which a build finds and leaves a step's result. That of a verification is its own and begins empty: so it
 * takes nothing from any cache, and whatever it makes replaces nothing of what others take.
 */
export function scopeIn(build: ResultOwner, step: Pick<PlanStep, 'scope'>): string {
  return build.verifies === undefined ? scopeOf(step, build.tenantId) : build.id;
}

/** A step of a plan by its id. @throws Error where there is none. */
export function planStep(plan: Plan, stepId: string): PlanStep {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  if (step === undefined) throw new Error(`the plan has no step ${stepId}`);
  return step;
}
