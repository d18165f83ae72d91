import { untilDone } from '../access/attempts.ts';
import { type Reach, reaches, wholeTenant } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { needBudget } from '../billing/budget-watch.ts';
import { canonicalJson, digestOf } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { buildSubject } from '../events/build-subject.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import { needService } from '../maintenance/maintenance.ts';
import type { PluginRunRecord } from '../plugins/run-record.ts';
import { countsOf, runWrites } from '../plugins/stored-runs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableRecord, type TableWrite } from '../ports/table.ts';
import { tableLimits } from '../ports/table-limits.ts';
import { leavePlace, queueBounds, takePlace } from '../queue/places-in-queue.ts';
import { entryWrites } from '../queue/queue-entry.ts';
import { queueFull } from '../queue/queue-full.ts';
import { storeCounted } from '../quota/admission.ts';
import { sourceWrites } from '../retention/references.ts';
import { asShown } from '../sharing/work-of.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { teamBuildPlace } from '../teams/places.ts';
import { usedWrites } from '../templates/use-writes.ts';
import { createOnce } from '../tenancy/idempotency.ts';
import type { Installation } from '../tenancy/installation.ts';
import { type BuildRecord, buildRecordSchema } from './build-record.ts';
import { buildKey, shardCount, sharingState, specKey, stateIndex, tenantBuildsIndex } from './keys.ts';
import { type BuildState, isTerminal, mayBecome } from './lifecycle.ts';
import type { Warning } from './warning.ts';

/** A record with the version that a conditional write needs. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
}

/** The write that stores a build under a condition; its indexes follow from its state. */
export function buildWrite(build: BuildRecord, version: number | 'absent'): TableWrite {
  return {
    kind: 'put',
    key: buildKey(build.id),
    data: toJsonObject(build),
    indexes: {
      byTenant: tenantBuildsIndex(build.tenantId, build.id),
      ...(isTerminal(build.state) ? {} : { byState: stateIndex(indexedState(build), build.id) }),
    },
    condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },
  };
}

function indexedState({ state, sharesWith }: BuildRecord): string {
  return sharesWith === undefined ? state : sharingState;
}

export function readBuild(record: TableRecord): Versioned<BuildRecord> {
  return { value: buildRecordSchema.parse(record.data), version: record.version };
}

/** The build, for the engine's own use; undefined where there is none. */
export async function findBuild(table: Table, buildId: string): Promise<Versioned<BuildRecord> | undefined> {
  const record = await table.get(buildKey(buildId));
  return record === undefined ? undefined : readBuild(record);
}

/**
 * The build as a caller sees it (core/sharing/work-of.ts).
 * @throws EngineError build.not_found, also for one that is out of the caller's reach.
 */
export async function getBuild(table: Table, reach: Reach, buildId: string): Promise<Versioned<BuildRecord>> {
  const found = await findBuild(table, buildId);
  if (found === undefined || !reaches(reach, found.value)) {
    throw new EngineError('build.not_found', 'No build of this tenant has this id.');
  }
  return { ...found, value: asShown(found.value) };
}

/** A tenant's builds, newest first. `cursor` is the table's own: callers sign it before it leaves. */
export async function listBuilds(
  table: Table,
  tenantId: string,
  page: { limit: number; cursor?: string },
): Promise<{ builds: readonly BuildRecord[]; cursor?: string }> {
  const found = await table.query({
    index: 'byTenant',
    partition: tenantBuildsIndex(tenantId, '').partition,
    descending: true,
    limit: page.limit,
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  });
  return {
    builds: found.records.map((record) => asShown(readBuild(record).value)),
    ...(found.cursor === undefined ? {} : { cursor: found.cursor }),
  };
}

/** Builds in a state that is not terminal, oldest first, at most `limit` a shard, and no more than one page of it. */
export async function buildsInState(table: Table, state: BuildState, limit: number): Promise<Versioned<BuildRecord>[]> {
  const page = Math.min(limit, tableLimits.pageRecords);
  const shards = await Promise.all(
    Array.from({ length: shardCount }, (_, shard) =>
      table.query({ index: 'byState', partition: `STATE#${state}#${shard}`, limit: page }),
    ),
  );
  return shards
    .flatMap((page) => page.records.map((record) => readBuild(record)))
    .filter((build) => build.value.state === state)
    .sort((a, b) => (a.value.id < b.value.id ? -1 : 1));
}

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

/**
 * Changes a build under its version, together with other writes, the first of which is the build's own; again with the
 * new state where somebody was faster. A build that comes into the queue or leaves it has its entry there
 * and its place changed with it.
 * `change` answers undefined to leave the build as it is.
 */
export async function updateBuild(
  table: Table,
  buildId: string,
  change: (build: BuildRecord) => { build: BuildRecord; writes?: readonly TableWrite[] } | undefined,
): Promise<BuildRecord | undefined> {
  for (;;) {
    const found = await findBuild(table, buildId);
    if (found === undefined) return undefined;
    const next = change(found.value);
    if (next === undefined) return found.value;
    if (next.build.state !== found.value.state && !mayBecome(found.value.state, next.build.state)) {
      throw new Error(`a build cannot go from ${found.value.state} to ${next.build.state}`);
    }
    try {
      const { build, writes } = leavePlace(next.build);
      await table.transact([
        buildWrite(build, found.version),
        ...(next.writes ?? []),
        ...entryWrites(found.value, build),
        ...writes,
      ]);
      return build;
    } catch (error) {
      // Only the build's own version is worth another look; a condition of another write stays false.
      if (!(error instanceof ConditionFailed && error.failed.includes(0))) throw error;
    }
  }
}
