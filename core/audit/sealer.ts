import { shardCount } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signer } from '../ports/signer.ts';
import { ConditionFailed, type Table, type TableRecord, type TableWrite } from '../ports/table.ts';
import { anchorOfHour, writeAnchor } from './anchor.ts';
import { type ChainHead, chainHeadSchema, emptyChain, headOf, type Link, linkAfter } from './chain.ts';
import { headPlace, pendingPlace, pendingShard, sealedPlace, tenantOfState, unanchoredState } from './places.ts';

export interface SealPorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly signer: Signer;
  readonly clock: Clock;
}

/** Entries of one transaction: each is two writes of the 100, and the head is one. */
const entriesATime = 40;
/** Transactions that a run makes for one tenant at most: one that writes all the time must not keep the others waiting. */
const mostTransactions = 25;
/** Records of a page, and pages that a run looks at in each shard; what is behind them is the next run's. */
const pageRecords = 1_000;
const mostPages = 20;
/** Times that a head is anchored anew because another sealer has moved it on. */
const mostAnchors = 5;

/** A chain that cannot go on as it stands in the table. */
export class BrokenChain extends Error {
  constructor(tenantId: string, reason: string) {
    super(`The audit chain of ${tenantId} is broken: ${reason}.`);
    this.name = 'BrokenChain';
  }
}

/**
 * Chains what waits in every tenant's log, and anchors the new heads. May be repeated, cut short, and run twice at once.
 * @returns how many entries were sealed
 * @throws AggregateError of what went wrong with single tenants, when all others are done
 */
export async function sealAudit(ports: SealPorts): Promise<number> {
  const tenants = new Set<string>();
  for (let shard = 0; shard < shardCount; shard += 1) {
    let cursor: string | undefined;
    // Sorted by tenant: one with many entries must not hide those behind it.
    for (let page = 0; page < mostPages; page += 1) {
      const at = cursor === undefined ? {} : { cursor };
      const found = await ports.table.query({
        ...{ index: 'byState', partition: pendingShard(shard), limit: pageRecords },
        ...at,
      });
      for (const { indexes } of found.records) tenants.add(tenantOfState(indexes.byState?.sort ?? ''));
      cursor = found.cursor;
      if (cursor === undefined) break;
    }
  }
  let sealed = 0;
  const failures: unknown[] = [];
  for (const tenantId of tenants) {
    try {
      sealed += await sealTenant(ports, tenantId);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} audit log(s) could not be sealed.`);
  return sealed;
}

/** Chains what waits in one tenant's log, in the order of the entries' ids, and anchors the head. */
async function sealTenant(ports: SealPorts, tenantId: string): Promise<number> {
  let sealed = 0;
  for (let count = 0; count < mostTransactions; count += 1) {
    const links = await sealSome(ports.table, tenantId);
    sealed += links.length;
    if (links.length < entriesATime) break;
  }
  // After the links: an anchor of what is not there would look as if something had been cut off.
  await anchorHead(ports, tenantId);
  return sealed;
}

const headOfRecord = (stored: TableRecord | undefined): ChainHead =>
  stored === undefined ? emptyChain : chainHeadSchema.parse(stored.data);

/** The links that were made of the oldest entries that wait; none where none waits. @throws BrokenChain */
async function sealSome(table: Table, tenantId: string): Promise<readonly Link[]> {
  const key = headPlace(tenantId);
  for (;;) {
    const stored = await table.get(key);
    let head = headOfRecord(stored);
    const { partition } = pendingPlace(tenantId, '');
    const { records } = await table.query({ partition, limit: entriesATime });
    if (records.length === 0) return [];
    const links = records.map((record) => {
      // As it stands, whatever it is: what nobody can read must not keep the rest from being sealed.
      const link = linkAfter(head, record.data);
      head = headOf(link);
      return { link, pending: record.key };
    });
    const writes = links.flatMap(({ link, pending }): TableWrite[] => [
      {
        ...{ kind: 'put', key: sealedPlace(tenantId, link.sequence) },
        ...{ data: toJsonObject(link), condition: { kind: 'absent' } },
      },
      { kind: 'delete', key: pending, condition: { kind: 'exists' } },
    ]);
    try {
      await table.transact([
        {
          ...{ kind: 'put', key, data: toJsonObject(head), indexes: { byState: unanchoredState(tenantId) } },
          condition: stored === undefined ? { kind: 'absent' } : { kind: 'version', version: stored.version },
        },
        ...writes,
      ]);
      return links.map(({ link }) => link);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Another sealer was faster; else there is an entry where the chain's end should be.
      if ((await table.get(key))?.version !== stored?.version) continue;
      throw new BrokenChain(tenantId, `entries stand behind its head, number ${headOfRecord(stored).sequence}`);
    }
  }
}

/**
 * Signs the head of a chain, unless that was done. The anchor of this hour is replaced only by one of the same chain: what
 * contradicts it must not be lost.
 * @throws BrokenChain where the chain is not the one that was anchored
 */
async function anchorHead({ table, blobs, signer, clock }: SealPorts, tenantId: string): Promise<void> {
  for (let count = 0; count < mostAnchors; count += 1) {
    const stored = await table.get(headPlace(tenantId));
    if (stored?.indexes.byState === undefined) return;
    const head = headOfRecord(stored);
    const at = clock.now();
    const before = await anchorOfHour(blobs, tenantId, at);
    if (before !== undefined) {
      const link = await table.get(sealedPlace(tenantId, before.sequence));
      if (before.sequence > head.sequence || link?.data.hash !== before.hash) {
        throw new BrokenChain(tenantId, `it is not the one whose number ${before.sequence} was signed at ${before.at}`);
      }
    }
    await writeAnchor({ blobs, signer }, tenantId, head, at);
    try {
      await table.transact([
        {
          ...{ kind: 'put', key: stored.key, data: stored.data },
          condition: { kind: 'version', version: stored.version },
        },
      ]);
      return;
    } catch (error) {
      // Another sealer has gone on: its anchor may have been replaced by this one.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
