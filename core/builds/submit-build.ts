import { untilDone } from '../access/attempts.ts';
import { wholeTenant } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { needBudget } from '../billing/budget-watch.ts';
import { canonicalJson, digestOf } from '../digest.ts';
import { buildSubject } from '../events/build-subject.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import { needService } from '../maintenance/maintenance.ts';
import type { PluginRunRecord } from '../plugins/run-record.ts';
import { countsOf, runWrites } from '../plugins/stored-runs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { queueBounds, takePlace } from '../queue/places-in-queue.ts';
import { queueFull } from '../queue/queue-full.ts';
import { storeCounted } from '../quota/admission.ts';
import { sourceWrites } from '../retention/references.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { teamBuildPlace } from '../teams/places.ts';
import { usedWrites } from '../templates/use-writes.ts';
import { createOnce } from '../tenancy/idempotency.ts';
import type { Installation } from '../tenancy/installation.ts';
import type { BuildRecord } from './build-record.ts';
import { buildWrite, getBuild } from './build-repository.ts';
import { specKey } from './keys.ts';
import type { Warning } from './warning.ts';

/** How a build runs and what it goes on from: all that is asked beside its spec. */
export type RunOptions = Pick<
  BuildRecord,
  | 'keepGoing'
  | 'resumedFrom'
  | 'retryOf'
  | 'rebuild'
  | 'archiveOf'
  | 'purpose'
  | 'verifies'
  | 'teamId'
  | 'force'
  | 'priority'
>;

/** What plugins were told that a build is called, and their runs. */
export interface Judgement {
  readonly buildId: string;
  readonly records: readonly PluginRunRecord[];
  /** Of what was asked for before they changed it; absent: they changed nothing. */
  readonly asked?: string;
}

/** A build to be made. */
export interface Submission {
  readonly tenantId: string;
  readonly keyId: string;
  readonly spec: ResolvedSpec;
  readonly run?: RunOptions;
  /** The version of a template that the spec was expanded from, and what is to be told of it. */
  readonly template?: BuildRecord['template'];
  readonly warnings?: readonly Warning[];
  /** Present where plugins of the tenant were asked. */
  readonly judged?: Judgement;
  readonly idempotencyKey?: string;
  /** Who asks for it; absent: the engine itself. */
  readonly actor?: Actor;
  /** What is written in the same transaction; a condition of it that is false is thrown as ConditionFailed. */
  readonly beside?: (build: BuildRecord) => readonly TableWrite[];
}

/**
 * Stores a new build and its event in one transaction, with what counts it, and answers; planning comes later.
 * With an idempotency key, the same key, spec and options answer the build of the first call.
 * @param ports.installation absent: the queue has no bound
 * @throws EngineError idempotency.mismatch where the key was used with another spec or other options; quota.exceeded,
 * budget.exceeded, queue.full, service.maintenance
 */
export async function submitBuild(
  ports: { table: Table; clock: Clock; ids: Ids; installation?: Installation },
  submission: Submission,
): Promise<{ build: BuildRecord; created: boolean }> {
  const { tenantId, keyId, spec, run = {}, actor = { tenantId }, template, warnings = [], judged } = submission;
  const specDigest = digestOf(spec);
  const request = {
    tenantId,
    key: submission.idempotencyKey,
    digest: digestOf({ specDigest: judged?.asked ?? specDigest, run }),
  };
  const { made: build, created } = await createOnce(
    ports,
    request,
    async (remember) => {
      // Read at once. Where neither lets it pass, maintenance is told: it is over sooner.
      for (const asked of await Promise.allSettled([
        needService(ports),
        needBudget(ports, { tenantId, teamId: run.teamId, purpose: run.purpose }),
      ])) {
        if (asked.status === 'rejected') throw asked.reason;
      }
      const build: BuildRecord = {
        id: judged?.buildId ?? ports.ids.next('bld'),
        tenantId,
        keyId,
        ...('memberId' in actor ? { memberId: actor.memberId } : {}),
        name: spec.name,
        base: baseOf(spec),
        state: 'submitted',
        specDigest,
        submittedAt: ports.clock.now().toISOString(),
        ...(template === undefined ? {} : { template }),
        ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
        ...(judged === undefined ? {} : { plugins: countsOf(judged.records) }),
        ...run,
        // A warming waits for everybody else and is in nobody's way.
        ...(run.purpose === 'warm' || ports.installation === undefined ? {} : { waits: true }),
      };
      await protectingSource(ports.table, build, (source) =>
        storeWaiting(ports, build, [
          buildWrite(build, 'absent'),
          { kind: 'put', key: specKey(build.id), data: toJsonObject(spec), condition: { kind: 'absent' } },
          outboxWrite(ports, 'build.submitted', tenantId, buildSubject(build)),
          auditWrite(ports, actor, {
            ...{ action: 'build.submitted', target: build.id },
            detail: toJsonObject({ name: build.name, specDigest, template, ...run }),
          }),
          ...(build.teamId === undefined ? [] : [teamBuildWrite(tenantId, build.teamId, build.id)]),
          ...usedWrites(build),
          ...runWrites(build.id, '1', judged?.records ?? [], ports.clock.now()),
          ...remember(build.id),
          ...source,
          ...(submission.beside?.(build) ?? []),
        ]),
      );
      return build;
    },
    async (buildId) => (await getBuild(ports.table, wholeTenant(tenantId), buildId)).value,
  );
  return { build, created };
}

function baseOf({ base }: ResolvedSpec): NonNullable<BuildRecord['base']> {
  const { distribution, release, architecture } = base;
  return { distribution, release, architecture };
}

/**
 * Stores a build with what protects the one that it is made from; again where that one's image has changed since it was
 * read, so that it is either protected or known to be removed.
 * @throws EngineError artifact.in_trash, artifact.purged
 */
async function protectingSource(
  table: Table,
  build: BuildRecord,
  store: (source: readonly TableWrite[]) => Promise<void>,
): Promise<void> {
  await untilDone(async () => {
    const source = await sourceWrites(table, build);
    try {
      await store(source);
      return true;
    } catch (error) {
      if (
        !(error instanceof ConditionFailed) ||
        canonicalJson(source) === canonicalJson(await sourceWrites(table, build))
      ) {
        throw error;
      }
      return undefined;
    }
  });
}

/** The write by which the list of a team's builds has one more. */
const teamBuildWrite = (tenantId: string, teamId: string, buildId: string): TableWrite => ({
  ...{ kind: 'put', key: teamBuildPlace(tenantId, teamId, buildId), data: {}, condition: { kind: 'absent' } },
});

/**
 * Stores a new build with its place in the queue, and with what counts it.
 * @throws EngineError queue.full, quota.exceeded
 */
async function storeWaiting(
  ports: Parameters<typeof submitBuild>[0],
  build: BuildRecord,
  writes: readonly TableWrite[],
): Promise<void> {
  const { installation } = ports;
  if (build.waits !== true || installation === undefined) return storeCounted(ports, build, writes);
  const bounds = queueBounds(installation);
  try {
    // Before all others: what is refused for want of a place is not asked for its other conditions.
    await storeCounted(ports, build, [...takePlace(build.tenantId, bounds), ...writes]);
  } catch (error) {
    const whose = placeOf(error);
    throw whose === undefined
      ? error
      : await queueFull({ ...ports, installation }, build.tenantId, whose, bounds[whose]);
  }
}

/** Whose bound a transaction met that begins with the writes of `takePlace`; undefined where it failed otherwise. */
function placeOf(error: unknown): 'installation' | 'tenant' | undefined {
  if (!(error instanceof ConditionFailed)) return undefined;
  if (error.failed.includes(1)) return 'tenant';
  return error.failed.includes(0) ? 'installation' : undefined;
}
