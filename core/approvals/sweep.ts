import type { Table } from '../ports/table.ts';
import type { GatePorts } from './gate.ts';
import { judge } from './outcome.ts';
import { pendingPartition } from './places.ts';
import { readPolicies } from './policy-repository.ts';
import { ballotKeyOf, type RequestRecord, readRequest } from './request.ts';

/** Requests a page of the index. */
const page = 100;

/**
 * Looks at every request that is not decided, the one that expires next first, and judges those for which something has
 * changed: their time is over, an approval has ended, policies or approvals are others. What it does is conditional on
 * all that it has read, so that it may be repeated, and run beside itself and those who approve.
 * @returns ids of the requests that are decided by it
 */
export async function sweepRequests(ports: GatePorts): Promise<string[]> {
  const decided: string[] = [];
  const revisions = new Map<string, Promise<number>>();
  const revisionOf = (tenantId: string): Promise<number> => {
    const known = revisions.get(tenantId) ?? readPolicies(ports.table, tenantId).then(({ revision }) => revision);
    revisions.set(tenantId, known);
    return known;
  };
  let cursor: string | undefined;
  do {
    const found = await ports.table.query({
      ...{ index: 'byState', partition: pendingPartition, limit: page },
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { value: request } of found.records.map(readRequest)) {
      if (!(await isDue(ports, request, revisionOf))) continue;
      const { state } = await judge(ports, request.tenantId, request.id);
      if (state !== 'pending') decided.push(request.id);
    }
    cursor = found.cursor;
  } while (cursor !== undefined);
  return decided;
}

async function isDue(
  { table, clock }: GatePorts,
  request: RequestRecord,
  revisionOf: (tenantId: string) => Promise<number>,
): Promise<boolean> {
  const now = clock.now();
  const isOver = (end: string | undefined): boolean => end !== undefined && new Date(end) <= now;
  if (isOver(request.expiresAt) || isOver(request.givenUntil)) return true;
  if ((await revisionOf(request.tenantId)) !== request.seen.policies) return true;
  return (await ballotVersion(table, request)) !== request.seen.ballot;
}

const ballotVersion = async (table: Table, request: RequestRecord): Promise<number> =>
  (await table.get(ballotKeyOf(request)))?.version ?? 0;
