import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { shardCount, shardOf } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Table, TableKey, TableRecord, TableWrite } from '../ports/table.ts';
import { tableLimits } from '../ports/table-limits.ts';
import { priorities, usualPriority } from './priority.ts';

/**
 * What the dispatcher must know of a build that is queued or runs: a small record of its own, in the table itself, that
 * is written and deleted in the very transactions in which the build's state changes. So the queue is read as it is,
 * which an index does not promise, and at a tenth of what the builds' own records would cost.
 */
export const queueEntrySchema = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  teamId: z.string().optional(),
  memberId: z.string().optional(),
  keyId: z.string(),
  priority: z.enum(priorities),
  submittedAt: z.iso.datetime(),
  /** Seconds that it is thought to take; absent where nobody knows. */
  seconds: z.number().min(0).optional(),
  /** It only warms the cache: it starts where nothing else waits. */
  warm: z.literal(true).optional(),
  /** There exactly where it runs. */
  startedAt: z.iso.datetime().optional(),
});
export type QueueEntry = z.infer<typeof queueEntrySchema>;

const places = { queued: 'QUEUE', running: 'SLOTS' } as const;
type Place = keyof typeof places;

/** Who shares the work of another build waits and runs with that, and is nowhere itself. */
const placeOf = ({ state, sharesWith }: BuildRecord): Place | undefined =>
  sharesWith === undefined && (state === 'queued' || state === 'running') ? state : undefined;

const entryKey = (place: Place, buildId: string): TableKey => ({
  partition: `${places[place]}#${shardOf(buildId)}`,
  sort: buildId,
});

/** The entry of a build that is queued or runs. */
export function entryOf(build: BuildRecord): QueueEntry {
  const { id, tenantId, teamId, memberId, keyId, submittedAt, startedAt } = build;
  return {
    ...{ id, tenantId, keyId, submittedAt, priority: build.priority ?? usualPriority },
    ...(teamId === undefined ? {} : { teamId }),
    ...(memberId === undefined ? {} : { memberId }),
    ...(build.estimate === undefined ? {} : { seconds: build.estimate.seconds }),
    ...(build.purpose === 'warm' ? { warm: true as const } : {}),
    ...(build.state === 'running' && startedAt !== undefined ? { startedAt } : {}),
  };
}

/** Writes that keep a build's entry true to its state, for the transaction of the change. */
export function entryWrites(before: BuildRecord, build: BuildRecord): TableWrite[] {
  const [from, to] = [placeOf(before), placeOf(build)];
  if (from === to) return [];
  return [
    ...(from === undefined ? [] : [{ kind: 'delete', key: entryKey(from, build.id) } as const]),
    ...(to === undefined ? [] : [entryWrite(build, to)]),
  ];
}

function entryWrite(build: BuildRecord, place: Place): TableWrite {
  return { kind: 'put', key: entryKey(place, build.id), data: toJsonObject(entryOf(build)) };
}

/** The write that gives a queued build the entry that it lacks: it was queued by an engine that wrote none. */
export const missingEntryWrite = (build: BuildRecord): TableWrite => entryWrite(build, 'queued');

/** The write that takes an entry away whose build is not there any more, or is not in that state. */
export function staleEntryWrite(entry: QueueEntry): TableWrite {
  return { kind: 'delete', key: entryKey(entry.startedAt === undefined ? 'queued' : 'running', entry.id) };
}

/** Every build that is queued. */
export const queuedEntries = (table: Table): Promise<readonly QueueEntry[]> => readAll(table, 'queued');

/** Every build that runs. */
export const runningEntries = (table: Table): Promise<readonly QueueEntry[]> => readAll(table, 'running');

async function readAll(table: Table, place: Place): Promise<readonly QueueEntry[]> {
  const records = await readShards(table, (shard) => `${places[place]}#${shard}`);
  return records.map(({ data }) => queueEntrySchema.parse(data));
}

/** All records of partitions that are spread over the shards. */
export async function readShards(table: Table, partition: (shard: number) => string): Promise<readonly TableRecord[]> {
  const shards = await Promise.all(
    Array.from({ length: shardCount }, (_, shard) => readPartition(table, partition(shard))),
  );
  return shards.flat();
}

/** All records of one partition. */
export async function readPartition(table: Table, partition: string): Promise<readonly TableRecord[]> {
  const records: TableRecord[] = [];
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? {} : { cursor };
    const page = await table.query({ partition, limit: tableLimits.pageRecords, ...at });
    records.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}
