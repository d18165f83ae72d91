import type { Plan, PlanStep } from '../plan/plan.ts';
import type { Blobs } from '../ports/blobs.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { useContent } from '../retention/content.ts';
import { type BuildRecord, type ResultRecord, resultRecordSchema } from './build-record.ts';
import { resultKey } from './keys.ts';
import { scopeIn } from './plan-store.ts';
import { blobsOf, isStored } from './sound-blobs.ts';
import { findResult } from './stage-repository.ts';

export interface CachePorts {
  readonly table: Table;
  readonly blobs: Blobs;
}

export interface CachedSteps {
  /** Steps of the stage that must run, in its order. */
  readonly missing: readonly PlanStep[];
  readonly hits: readonly { readonly step: PlanStep; readonly result: ResultRecord }[];
}

/** All that steps need, directly or not; themselves only where one needs another. */
export function neededBy(plan: Plan, steps: readonly PlanStep[]): Set<string> {
  const byId = new Map(plan.steps.map((step) => [step.id, step]));
  const needed = new Set<string>();
  const waiting = steps.flatMap((step) => step.needs);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    waiting.push(...(byId.get(id)?.needs ?? []));
  }
  return needed;
}

/**
 * What of a stage is cached. A layer step runs also where one that it works on runs: its layer is made in that one's
 * tree. Of what is cached, what somebody will read (a step of this build that must run, or the user) is looked at in
 * the store; where a blob is gone or another, its pointer is dropped and its step runs again.
 */
export async function lookUpStage(
  ports: CachePorts,
  build: BuildRecord,
  plan: Plan,
  steps: readonly PlanStep[],
): Promise<CachedSteps> {
  const find = (step: PlanStep) => findResult(ports.table, scopeIn(build, step), step.key);
  const found = await Promise.all(plan.steps.map(find));
  const results = new Map(plan.steps.map((step, position) => [step.id, found[position]]));
  const checked = new Set<string>();
  for (;;) {
    const read = neededBy(
      plan,
      plan.steps.filter((step) => results.get(step.id) === undefined),
    );
    const due = steps.filter((step) => {
      const result = results.get(step.id);
      const isProduct = [result?.artifact, result?.test, result?.inspection].some((file) => file !== undefined);
      return result !== undefined && !checked.has(step.id) && (read.has(step.id) || isProduct);
    });
    if (due.length === 0) break;
    await Promise.all(
      due.map(async (step) => {
        checked.add(step.id);
        const result = results.get(step.id);
        if (result !== undefined && !(await isWhole(ports, build, step, result))) results.set(step.id, undefined);
      }),
    );
  }
  const missing: PlanStep[] = [];
  const hits: { step: PlanStep; result: ResultRecord }[] = [];
  for (const step of steps) {
    const result = results.get(step.id);
    const below = step.produces === 'layer' ? neededBy(plan, [step]) : new Set<string>();
    if (result === undefined || missing.some((other) => other.produces === 'layer' && below.has(other.id))) {
      missing.push(step);
    } else hits.push({ step, result });
  }
  return { missing, hits };
}

/**
 * Whether the store holds all that a result stands on, on which the build stands from now on; where it does not, the
 * result is dropped.
 */
export async function isWhole(
  ports: CachePorts,
  build: BuildRecord,
  step: PlanStep,
  result: ResultRecord,
): Promise<boolean> {
  const scope = scopeIn(build, step);
  const blobs = blobsOf(result, scope, build.tenantId);
  if (!(await standsOn(ports.table, build, result))) {
    await dropResult(ports, scope, step.key, result);
    return false;
  }
  const stored = await Promise.all(blobs.map((blob) => isStored(ports.blobs, blob)));
  if (!stored.includes(false)) return true;
  await dropResult(ports, scope, step.key, result);
  // What lies there under a digest that it does not have would keep the right bytes from their place.
  await Promise.all(blobs.filter((_, at) => stored[at] === false).map(({ place }) => ports.blobs.delete(place)));
  return false;
}

/** Has a build stand on the bytes that its tenant's users download; false where they are just being removed. */
async function standsOn(table: Table, { id, tenantId }: BuildRecord, result: ResultRecord): Promise<boolean> {
  const { artifact, test, inspection } = result;
  const shown = [test?.log.sha256, test?.screen?.sha256, inspection?.sha256].filter((digest) => digest !== undefined);
  const user = { tenantId, workId: id };
  if (artifact !== undefined && !(await useContent(table, { ...user, kind: 'artifact' }, [artifact.sha256])))
    return false;
  return useContent(table, { ...user, kind: 'evidence' }, shown);
}

/** Drops a key's pointer, unless it has become another one meanwhile: the step runs again when it is next needed. */
export async function dropResult(
  ports: Pick<CachePorts, 'table'>,
  scope: string,
  key: string,
  result: ResultRecord,
): Promise<void> {
  for (;;) {
    const record = await ports.table.get(resultKey(scope, key));
    if (record === undefined) return;
    const present = resultRecordSchema.parse(record.data);
    if (present.buildId !== result.buildId || present.at !== result.at) return;
    try {
      const condition = { kind: 'version', version: record.version } as const;
      await ports.table.transact([{ kind: 'delete', key: record.key, condition }]);
      return;
    } catch (error) {
      // Somebody else dropped or replaced it, or noted a use of it: look again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
