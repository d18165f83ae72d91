import { toJsonObject } from '../json.ts';
import type { Table, TableRecord, TableWrite } from '../ports/table.ts';
import {
  type ArtifactRecord,
  type AttemptRecord,
  artifactRecordSchema,
  attemptRecordSchema,
  type ProgressRecord,
  progressRecordSchema,
  type ResultRecord,
  resultRecordSchema,
  type StageRecord,
  type StepRecord,
  stageRecordSchema,
  stepRecordSchema,
  type TestRecord,
  testRecordSchema,
} from './build-record.ts';
import type { Versioned } from './build-repository.ts';
import {
  allResultsIndex,
  artifactKey,
  attemptKey,
  buildKey,
  cacheIndex,
  liveAttemptsIndex,
  liveAttemptsPartition,
  progressKey,
  resultKey,
  shardCount,
  stageKey,
  stepKey,
  testKey,
} from './keys.ts';

/** A stage with what it still waits for. */
export interface StoredStage extends Versioned<StageRecord> {
  readonly pending: number;
}

function readStage(record: TableRecord): StoredStage {
  return {
    value: stageRecordSchema.parse(record.data),
    version: record.version,
    pending: record.counters.pending ?? 0,
  };
}

/** @throws Error where the stage is not there: a message of the flow names only stages of its plan. */
export async function getStage(table: Table, buildId: string, stageId: string): Promise<StoredStage> {
  const record = await table.get(stageKey(buildId, stageId));
  if (record === undefined) throw new Error(`the build ${buildId} has no stage ${stageId}`);
  return readStage(record);
}

export function stageWrite(buildId: string, stage: StageRecord, version: number): TableWrite {
  return {
    kind: 'put',
    key: stageKey(buildId, stage.id),
    data: toJsonObject(stage),
    condition: { kind: 'version', version },
  };
}

export async function findAttempt(
  table: Table,
  buildId: string,
  stageId: string,
  attempt: number,
): Promise<Versioned<AttemptRecord> | undefined> {
  const record = await table.get(attemptKey(buildId, stageId, attempt));
  if (record === undefined) return undefined;
  return { value: attemptRecordSchema.parse(record.data), version: record.version };
}

export function attemptWrite(buildId: string, attempt: AttemptRecord, version: number | 'absent'): TableWrite {
  return {
    kind: 'put',
    key: attemptKey(buildId, attempt.stage, attempt.attempt),
    data: toJsonObject(attempt),
    indexes: attempt.state === 'live' ? { byState: liveAttemptsIndex(buildId, attempt.stage, attempt.attempt) } : {},
    condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },
  };
}

/** Partitions of byState with all attempts that nobody has seen the end of. */
export const liveAttemptsPartitions: readonly string[] = Array.from({ length: shardCount }, (_, shard) =>
  liveAttemptsPartition(shard),
);

/** An attempt of the index of live ones, with the id of its build. The index may be behind. */
export function readLiveAttempt(record: TableRecord): { buildId: string; attempt: Versioned<AttemptRecord> } {
  const buildId = record.key.partition.slice(buildKey('').partition.length);
  return { buildId, attempt: { value: attemptRecordSchema.parse(record.data), version: record.version } };
}

/** What a key points to in a scope; undefined is a miss. */
export async function findResult(table: Table, scope: string, key: string): Promise<ResultRecord | undefined> {
  const record = await table.get(resultKey(scope, key));
  return record === undefined ? undefined : resultRecordSchema.parse(record.data);
}

/** Bytes of what a step made. */
export function resultBytes(result: Pick<ResultRecord, 'layer' | 'module' | 'artifact'>): number {
  return result.layer?.size ?? result.module?.size ?? result.artifact?.size ?? 0;
}

/** When a result was last of use: it is made to be used. */
export function lastUseOf(result: Pick<ResultRecord, 'at' | 'lastUsedAt'>): string {
  return result.lastUsedAt ?? result.at;
}

/** The write that points a key to its result; its indexes follow from its scope and last use. */
export function resultWrite(scope: string, result: ResultRecord, version: number | 'absent' = 'absent'): TableWrite {
  return {
    kind: 'put',
    key: resultKey(scope, result.key),
    data: toJsonObject(result),
    indexes: {
      byTenant: cacheIndex(scope, lastUseOf(result), result.key),
      byState: allResultsIndex(scope, result.key),
    },
    condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },
  };
}

/** Steps and artifacts are facts of a build: writing one again writes the same. */
export function stepWrite(buildId: string, step: StepRecord): TableWrite {
  return { kind: 'put', key: stepKey(buildId, step.id), data: toJsonObject(step) };
}

export function artifactWrite(buildId: string, artifact: ArtifactRecord): TableWrite {
  return { kind: 'put', key: artifactKey(buildId, artifact.name), data: toJsonObject(artifact) };
}

/** As that of a step: written again where the test runs again. */
export function testWrite(buildId: string, test: TestRecord): TableWrite {
  return { kind: 'put', key: testKey(buildId, test.step), data: toJsonObject(test) };
}

async function readAll<T>(
  table: Table,
  buildId: string,
  sortPrefix: string,
  read: (record: TableRecord) => T,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({
      partition: buildKey(buildId).partition,
      sortPrefix,
      limit: 500,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.records.map(read));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Every stage of a build, in the order of the plan. */
export async function listStages(table: Table, buildId: string): Promise<StoredStage[]> {
  const stages = await readAll(table, buildId, 'STAGE#', readStage);
  return stages.sort((a, b) => Number(a.value.id.slice(1)) - Number(b.value.id.slice(1)));
}

export function listSteps(table: Table, buildId: string): Promise<StepRecord[]> {
  return readAll(table, buildId, 'STEP#', (record) => stepRecordSchema.parse(record.data));
}

export function listAttempts(table: Table, buildId: string): Promise<Versioned<AttemptRecord>[]> {
  return readAll(table, buildId, 'ATTEMPT#', (record) => ({
    value: attemptRecordSchema.parse(record.data),
    version: record.version,
  }));
}

export async function findProgress(
  table: Table,
  buildId: string,
  stageId: string,
  attempt: number,
): Promise<ProgressRecord | undefined> {
  const record = await table.get(progressKey(buildId, stageId, attempt));
  return record === undefined ? undefined : progressRecordSchema.parse(record.data);
}

/** The last word counts, whoever says it last: nothing is decided by it. */
export function progressWrite(buildId: string, progress: ProgressRecord): TableWrite {
  const key = progressKey(buildId, progress.stage, progress.attempt);
  return { kind: 'put', key, data: toJsonObject(progress) };
}

/** How far each attempt of a build was when it last told. */
export function listProgress(table: Table, buildId: string): Promise<ProgressRecord[]> {
  return readAll(table, buildId, 'PROGRESS#', (record) => progressRecordSchema.parse(record.data));
}

/** All artifacts that a build has made, whether they are published or not. */
export function listArtifacts(table: Table, buildId: string): Promise<ArtifactRecord[]> {
  return readAll(table, buildId, 'ARTIFACT#', (record) => artifactRecordSchema.parse(record.data));
}

/** What the boot tests of a build came to. */
export function listTests(table: Table, buildId: string): Promise<TestRecord[]> {
  return readAll(table, buildId, 'TEST#', (record) => testRecordSchema.parse(record.data));
}
