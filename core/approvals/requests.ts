import type { Table } from '../ports/table.ts';
import { requestPlace, tenantRequests } from './places.ts';
import { type RequestRecord, type RequestState, readRequest } from './request.ts';

/** The request of this id, for the engine's own use; undefined where there is none. */
export async function findRequest(table: Table, requestId: string): Promise<RequestRecord | undefined> {
  const stored = await table.get(requestPlace(requestId));
  return stored === undefined ? undefined : readRequest(stored).value;
}

/** A page of a tenant's requests, the newest first; of those in one state it may be short, or empty. */
export async function listRequests(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
  state?: RequestState,
): Promise<{ readonly requests: readonly RequestRecord[]; readonly cursor?: string }> {
  const { partition } = tenantRequests(tenantId, '-');
  const { records, cursor } = await table.query({ index: 'byTenant', partition, descending: true, ...page });
  const requests = records.map((record) => readRequest(record).value);
  return {
    requests: state === undefined ? requests : requests.filter((request) => request.state === state),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
