import { shardCount } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signer } from '../ports/signer.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { writeAnchor } from './anchor.ts';
import { type ChainHead, chainHeadSchema, emptyChain, headOf, linkAfter, type SealedEntry } from './chain.ts';
import { auditEntrySchema } from './entry.ts';
import { headPlace, pendingPlace, pendingShard, sealedPlace } from './places.ts';

export interface SealPorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly signer: Signer;
  readonly clock: Clock;
}

/** Entries of one transaction: each is two writes of the 100, and the head is one. */
const entriesATime = 40;

/** Pending entries that a run looks at in each shard; what is behind them is the next run's. */
const lookedAt = 1_000;

/** The last link of a tenant's chain, as far as the table says. */
export async function readHead(table: Table, tenantId: string): Promise<ChainHead> {
  const stored = await table.get(headPlace(tenantId));
  return stored === undefined ? emptyChain : chainHeadSchema.parse(stored.data);
}

/**
 * Chains what waits in every tenant's log, and anchors the new heads. May be repeated, cut short, and run twice at once.
 * @returns how many entries were sealed
 */
export async function sealAudit(ports: SealPorts): Promise<number> {
  const tenants = new Set<string>();
  for (let shard = 0; shard < shardCount; shard += 1) {
    const page = await ports.table.query({ index: 'byState', partition: pendingShard(shard), limit: lookedAt });
    for (const { data } of page.records) tenants.add(auditEntrySchema.parse(data).tenantId);
  }
  let sealed = 0;
  for (const tenantId of tenants) sealed += await sealTenant(ports, tenantId);
  return sealed;
}

/** Chains all that waits in one tenant's log, in the order of the entries' ids, and anchors the head. */
async function sealTenant(ports: SealPorts, tenantId: string): Promise<number> {
  let sealed = 0;
  for (;;) {
    const links = await sealSome(ports.table, tenantId);
    const last = links.at(-1);
    if (last === undefined) return sealed;
    sealed += links.length;
    // After the links: an anchor of what is not there would look as if something had been cut off.
    await writeAnchor(ports, tenantId, headOf(last));
  }
}

/** The links that were made of the oldest entries that wait; none where none waits. */
async function sealSome(table: Table, tenantId: string): Promise<readonly SealedEntry[]> {
  for (;;) {
    const key = headPlace(tenantId);
    const stored = await table.get(key);
    let head = stored === undefined ? emptyChain : chainHeadSchema.parse(stored.data);
    const { partition } = pendingPlace(tenantId, '');
    const { records } = await table.query({ partition, limit: entriesATime });
    if (records.length === 0) return [];
    const links: SealedEntry[] = [];
    for (const { data } of records) {
      const link = linkAfter(head, auditEntrySchema.parse(data));
      links.push(link);
      head = headOf(link);
    }
    const writes = links.flatMap((link): TableWrite[] => [
      {
        ...{ kind: 'put', key: sealedPlace(tenantId, link.sequence) },
        ...{ data: toJsonObject(link), condition: { kind: 'absent' } },
      },
      { kind: 'delete', key: pendingPlace(tenantId, link.entry.entryId), condition: { kind: 'exists' } },
    ]);
    try {
      await table.transact([
        {
          ...{ kind: 'put', key, data: toJsonObject(head) },
          condition: stored === undefined ? { kind: 'absent' } : { kind: 'version', version: stored.version },
        },
        ...writes,
      ]);
      return links;
    } catch (error) {
      // Another sealer was faster.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
