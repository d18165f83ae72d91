import { untilDone } from '../access/attempts.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableCondition, type TableRecord, type TableWrite } from '../ports/table.ts';
import { type EndpointRecord, endpointRecordSchema, type Health, healthSchema } from './endpoint.ts';
import { webhookLimits } from './limits.ts';
import { anyEndpoint, endpointPlace, endpointPrefix, healthPlace, healthPrefix, webhooksPartition } from './places.ts';

export interface EndpointPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An endpoint with how it has answered of late, and the versions under which both stand; 0: there is none. */
export interface StoredEndpoint {
  readonly endpoint: EndpointRecord;
  readonly version: number;
  readonly health: Health;
  readonly healthVersion: number;
}

export const asBefore = (record: { readonly version: number } | undefined): TableCondition =>
  record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version };

/** The condition that a record is as it was read: version 0 is none. */
export const atVersion = (version: number): TableCondition =>
  version === 0 ? { kind: 'absent' } : { kind: 'version', version };

const stored = (record: TableRecord, health: TableRecord | undefined): StoredEndpoint => ({
  ...{ endpoint: endpointRecordSchema.parse(record.data), version: record.version },
  ...{ health: healthSchema.parse(health?.data ?? {}), healthVersion: health?.version ?? 0 },
});

/** All endpoints of a tenant, the oldest first. Strongly consistent. */
export async function readEndpoints(table: Table, tenantId: string): Promise<readonly StoredEndpoint[]> {
  const { records } = await table.query({
    ...{ partition: webhooksPartition(tenantId), limit: 2 * webhookLimits.endpoints + 1 },
  });
  const health = new Map(
    records.flatMap((record) => {
      const { sort } = record.key;
      return sort.startsWith(healthPrefix) ? [[sort.slice(healthPrefix.length), record] as const] : [];
    }),
  );
  return records.flatMap((record) => {
    const { sort } = record.key;
    if (!sort.startsWith(endpointPrefix)) return [];
    return [stored(record, health.get(sort.slice(endpointPrefix.length)))];
  });
}

export async function findEndpoint(table: Table, tenantId: string, id: string): Promise<StoredEndpoint | undefined> {
  const [record, health] = await Promise.all([
    table.get(endpointPlace(tenantId, id)),
    table.get(healthPlace(tenantId, id)),
  ]);
  return record === undefined ? undefined : stored(record, health);
}

/** @throws EngineError webhook.not_found, also for what only another tenant has */
export async function getEndpoint(table: Table, tenantId: string, id: string): Promise<StoredEndpoint> {
  const found = await findEndpoint(table, tenantId, id);
  if (found === undefined) throw missingEndpoint();
  return found;
}

export const endpointWrite = (endpoint: EndpointRecord, version: number): TableWrite => ({
  ...{ kind: 'put', key: endpointPlace(endpoint.tenantId, endpoint.id), data: toJsonObject(endpoint) },
  indexes: { byState: anyEndpoint(endpoint.tenantId, endpoint.id) },
  condition: atVersion(version),
});

/**
 * Changes an endpoint under its version, with what is written beside.
 * @param change answers undefined where nothing is to change
 * @throws EngineError webhook.not_found; what `change` throws
 */
export async function updateEndpoint(
  { table }: Pick<EndpointPorts, 'table'>,
  tenantId: string,
  id: string,
  change: (
    stored: StoredEndpoint,
  ) => Promise<{ readonly endpoint: EndpointRecord; readonly writes: readonly TableWrite[] } | undefined>,
): Promise<StoredEndpoint> {
  return untilDone(async () => {
    const found = await getEndpoint(table, tenantId, id);
    const next = await change(found);
    if (next === undefined) return found;
    try {
      await table.transact([endpointWrite(next.endpoint, found.version), ...next.writes]);
      return { ...found, endpoint: next.endpoint, version: found.version + 1 };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}

export const missingEndpoint = (): EngineError =>
  new EngineError('webhook.not_found', 'The tenant has no webhook of this id.');
