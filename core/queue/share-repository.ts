import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { shardOf } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Table, TableKey, TableRecord, TableWrite } from '../ports/table.ts';
import { settlement, weights } from './charge.ts';
import type { Share, Shares, Start, TenantShare, Turn } from './fair-queue.ts';
import { type QueueEntry, readPartition, readShards } from './queue-entry.ts';

export const weightSchema = z
  .number()
  .int()
  .min(weights.fewest)
  .max(weights.most)
  .describe('Of a share: twice the weight is twice the time in slots, where both want more than they get.');

/**
 * An owner's share as it is stored. What ended builds took other than they were charged for is in the counter
 * `settled` beside it, which is added to without reading.
 */
const shareSchema = z.strictObject({
  weight: weightSchema.optional(),
  finish: z.number().int().optional(),
  floor: z.number().int().optional(),
});
type StoredShare = z.infer<typeof shareSchema>;

const settled = 'settled';
export const tenantShareKey = (tenantId: string): TableKey => ({
  partition: `SHARES#${shardOf(tenantId)}`,
  sort: tenantId,
});
const teamsPartition = (tenantId: string): string => `TEAMSHARES#${tenantId}`;
const teamPrefix = 'TEAM#';
const teamKey = (tenantId: string, teamId: string): TableKey => ({
  partition: teamsPartition(tenantId),
  sort: `${teamPrefix}${teamId}`,
});
const timeKey = (tenantId: string): TableKey => ({ partition: teamsPartition(tenantId), sort: 'TIME' });
const timeSchema = z.strictObject({ time: z.number().int().min(0) });

/** Shares with the records that they were read from, by which they are written again. */
export interface StoredShares {
  readonly shares: Shares;
  readonly record: (key: TableKey) => TableRecord | undefined;
  /** A start was written: the records are as it left them. */
  started(start: Start): void;
}

const nameOf = ({ partition, sort }: TableKey): string => `${partition} ${sort}`;

/** The shares of whom the queued builds are of. @param time virtual time among the tenants */
export async function readShares(table: Table, time: number, queued: readonly QueueEntry[]): Promise<StoredShares> {
  const withTeams = [...new Set(queued.flatMap(({ tenantId, teamId }) => (teamId === undefined ? [] : [tenantId])))];
  const [ofTenants, ...ofTeams] = await Promise.all([
    readShards(table, (shard) => `SHARES#${shard}`),
    ...withTeams.map((tenantId) => readPartition(table, teamsPartition(tenantId))),
  ]);
  const teams = new Map(withTeams.map((tenantId, place) => [tenantId, ofTeams[place] ?? []]));
  const records = new Map([...ofTenants, ...ofTeams.flat()].map((record) => [nameOf(record.key), record]));
  const waiting = new Set(queued.map(({ tenantId }) => tenantId));
  const tenants = ofTenants
    .filter(({ key }) => waiting.has(key.sort))
    .map((record): [string, TenantShare] => [
      record.key.sort,
      { ...shareOf(record), ...teamsOf(teams.get(record.key.sort) ?? []) },
    ]);
  const known = new Map(tenants);
  for (const [tenantId, found] of teams) {
    if (!known.has(tenantId)) known.set(tenantId, { ...noShare, ...teamsOf(found) });
  }
  const record = (key: TableKey): TableRecord | undefined => records.get(nameOf(key));
  return {
    ...{ shares: { time, tenants: known }, record },
    started: (start) => {
      for (const write of chargeWrites(start, { record })) {
        if (write.kind !== 'put') continue;
        const { key, data } = write;
        const before = record(key);
        const version = (before?.version ?? 0) + 1;
        records.set(nameOf(key), { key, data, version, counters: before?.counters ?? {}, indexes: {} });
      }
    },
  };
}

const noShare: Share = { weight: weights.usual, finish: 0, floor: 0 };

function shareOf({ data, counters }: TableRecord): Share {
  const { weight = weights.usual, finish = 0, floor = 0 } = shareSchema.parse(data);
  return { weight, floor, finish: Math.max(floor, finish + (counters[settled] ?? 0)) };
}

function teamsOf(records: readonly TableRecord[]): Pick<TenantShare, 'time' | 'teams'> {
  const time = records.find(({ key }) => key.sort === 'TIME');
  const teams = records
    .filter(({ key }) => key.sort.startsWith(teamPrefix))
    .map((record): [string, Share] => [record.key.sort.slice(teamPrefix.length), shareOf(record)]);
  return { time: time === undefined ? 0 : timeSchema.parse(time.data).time, teams: new Map(teams) };
}

/** Writes that charge a start, for its transaction. They fail where a weight changed, or a build was settled, since. */
export function chargeWrites({ entry, charge }: Start, stored: Pick<StoredShares, 'record'>): TableWrite[] {
  if (charge === undefined) return [];
  const { tenantId, teamId = '' } = entry;
  const writes = [turnWrite(tenantShareKey(tenantId), charge.tenant, stored)];
  if (charge.team === undefined) return writes;
  return [
    ...writes,
    turnWrite(teamKey(tenantId, teamId), charge.team, stored),
    // All starts are one after the other: no other one writes it between.
    { kind: 'put', key: timeKey(tenantId), data: { time: charge.team.begin } },
  ];
}

function turnWrite(key: TableKey, { finish, floor }: Turn, stored: Pick<StoredShares, 'record'>): TableWrite {
  const record = stored.record(key);
  const before: StoredShare = record === undefined ? {} : shareSchema.parse(record.data);
  const data: StoredShare = { ...before, floor, finish: finish - (record?.counters[settled] ?? 0) };
  return {
    ...{ kind: 'put', key, data: toJsonObject(data) },
    condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
  };
}

/** Writes that settle what a build was charged for against how long it ran, for the transaction of its end. */
export function settleWrites(build: BuildRecord, endedAt: Date): TableWrite[] {
  const { charge, startedAt, tenantId, teamId = '' } = build;
  if (charge === undefined || startedAt === undefined) return [];
  const ran = (endedAt.getTime() - Date.parse(startedAt)) / 1_000;
  const settle = (key: TableKey, weight: number): TableWrite => ({
    ...{ kind: 'increment', key, counter: settled },
    by: settlement(charge.seconds, ran, weight),
  });
  return [
    settle(tenantShareKey(tenantId), charge.tenantWeight),
    ...(charge.teamWeight === undefined ? [] : [settle(teamKey(tenantId, teamId), charge.teamWeight)]),
  ];
}

/** What a tenant's weight is, and the write that changes it. */
export interface StoredWeight {
  readonly weight: number;
  readonly write: (weight: number) => TableWrite;
}

export const tenantWeight = (table: Table, tenantId: string): Promise<StoredWeight> =>
  readWeight(table, tenantShareKey(tenantId));

export const teamWeight = (table: Table, tenantId: string, teamId: string): Promise<StoredWeight> =>
  readWeight(table, teamKey(tenantId, teamId));

async function readWeight(table: Table, key: TableKey): Promise<StoredWeight> {
  const record = await table.get(key);
  const before: StoredShare = record === undefined ? {} : shareSchema.parse(record.data);
  return {
    weight: before.weight ?? weights.usual,
    write: (weight) => ({
      ...{ kind: 'put', key, data: toJsonObject({ ...before, weight }) },
      condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
    }),
  };
}
