import type { Table, TableRecord } from '../ports/table.ts';
import {
  type ChainHead,
  chainHeadSchema,
  emptyChain,
  type StoredLink,
  storedEntrySchema,
  storedLinkSchema,
} from './chain.ts';
import { headPlace, pendingPlace, sealedPlace, sealedPrefix } from './places.ts';

/** Entries that no seal covers yet, which a list of the tail shows at most. */
export const mostPending = 1_000;

/** What stands at a place of the log. What is no link at all is shown as an empty one, which no hash fits. */
export function linkOf({ key, data }: TableRecord): StoredLink {
  const sequence = Number(key.sort.slice(sealedPrefix.length));
  const read = storedLinkSchema.safeParse({ ...data, sequence });
  return read.success ? read.data : { sequence, previousHash: '', hash: '', entry: {} };
}

/** A page of a tenant's sealed entries, by their numbers. */
export async function listSealed(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string; readonly descending?: boolean },
): Promise<{ readonly links: readonly StoredLink[]; readonly cursor?: string }> {
  const { partition } = sealedPlace(tenantId, 1);
  const { records, cursor } = await table.query({ partition, sortPrefix: sealedPrefix, ...page });
  return {
    links: records.map(linkOf),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** The entries that no seal covers yet, the oldest first, as they stand. */
export async function listPending(table: Table, tenantId: string): Promise<readonly StoredLink['entry'][]> {
  const { partition } = pendingPlace(tenantId, '');
  const { records } = await table.query({ partition, limit: mostPending });
  return records.map(({ data }) => {
    const read = storedEntrySchema.safeParse(data);
    return read.success ? read.data : {};
  });
}

/**
 * Number and hash of the last link, as far as the table says; before the first those of an empty chain. What is none is
 * shown as one that no link fits.
 */
export async function readHead(table: Table, tenantId: string): Promise<ChainHead> {
  const stored = await table.get(headPlace(tenantId));
  if (stored === undefined) return emptyChain;
  const read = chainHeadSchema.safeParse(stored.data);
  return read.success ? read.data : { sequence: 0, hash: 'f'.repeat(64) };
}
