import { type Reach, reaches } from '../access/reach.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed, type Table, type TableRecord, type TableWrite } from '../ports/table.ts';
import { tableLimits } from '../ports/table-limits.ts';
import { leavePlace } from '../queue/places-in-queue.ts';
import { entryWrites } from '../queue/queue-entry.ts';
import { asShown } from '../sharing/work-of.ts';
import { type BuildRecord, buildRecordSchema } from './build-record.ts';
import { buildKey, shardCount, sharingState, stateIndex, tenantBuildsIndex } from './keys.ts';
import { type BuildState, isTerminal, mayBecome } from './lifecycle.ts';

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
