import type { BuildRecord } from '../builds/build-record.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';
import type { Installation } from '../tenancy/installation.ts';

/** Builds that may wait at once, from their submission to their start. */
export interface QueueBounds {
  readonly installation: number;
  readonly tenant: number;
}

/**
 * Where configuration says nothing: a dispatch reads the whole queue, 10,000 entries in about half a second, and no
 * tenant has more than a part of it.
 */
const usualBounds: QueueBounds = { installation: 10_000, tenant: 2_000 };

export function queueBounds({
  queuedBuilds = usualBounds.installation,
  queuedBuildsPerTenant = Math.min(queuedBuilds, usualBounds.tenant),
}: Pick<Installation, 'queuedBuilds' | 'queuedBuildsPerTenant'>): QueueBounds {
  return { installation: queuedBuilds, tenant: queuedBuildsPerTenant };
}

const counter = 'builds';
const waitingKey = (owner: string): TableKey => ({ partition: `WAITING#${owner}`, sort: 'WAITING' });

/**
 * Writes that count one more build that waits, for the transaction of its submission: it fails where a bound is reached.
 * The first is of the installation, the second of the tenant.
 */
export function takePlace(tenantId: string, bounds: QueueBounds): readonly [TableWrite, TableWrite] {
  const take = (owner: string, max: number): TableWrite => ({
    ...{ kind: 'increment', key: waitingKey(owner), counter, by: 1, max },
  });
  return [take('installation', bounds.installation), take(tenantId, bounds.tenant)];
}

/** The build as it is stored after a change, and the writes that give its place back where it waits no more, or with another. */
export function leavePlace(build: BuildRecord): { readonly build: BuildRecord; readonly writes: TableWrite[] } {
  const { waits, ...rest } = build;
  const isThere = build.state !== 'running' && !isTerminal(build.state) && build.sharesWith === undefined;
  if (waits !== true || isThere) return { build, writes: [] };
  const give = (owner: string): TableWrite => ({
    ...{ kind: 'increment', key: waitingKey(owner), counter, by: -1, min: 0 },
  });
  return { build: rest, writes: [give('installation'), give(build.tenantId)] };
}

/** How many builds of a tenant wait now. */
export async function waitingBuilds(table: Table, tenantId: string): Promise<number> {
  return (await table.get(waitingKey(tenantId)))?.counters[counter] ?? 0;
}
