import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { AuditAnchor, AuditEntry, AuditTail, ListAuditData } from './generated/types.gen.ts';

/** Entries that one call asks for: as many as the service gives. */
const pageSize = 500;

/** What to read of the log. */
export type AuditFilter = Pick<NonNullable<ListAuditData['query']>, 'action' | 'memberId' | 'target' | 'order'>;

/** The calls of a client that are about the audit log. */
export function auditCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** Sealed entries, page by page until the reader has seen enough; the newest first unless asked otherwise. */
  async function* readAudit(filter: AuditFilter = {}): AsyncGenerator<AuditEntry> {
    let cursor: string | undefined;
    do {
      const query = { ...filter, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
      const page = (await operations.listAudit({ ...shared, query })).data;
      yield* page.entries;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** The head of the chain, and what no seal covers yet. */
  const readAuditTail = async (): Promise<AuditTail> => (await operations.readAuditTail(shared)).data;

  /** Signed heads of the chain, the oldest first. */
  async function* readAuditAnchors(): AsyncGenerator<AuditAnchor> {
    let cursor: string | undefined;
    do {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      const page = (await operations.listAuditAnchors({ ...shared, query })).data;
      yield* page.anchors;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  return { readAudit, readAuditTail, readAuditAnchors };
}
