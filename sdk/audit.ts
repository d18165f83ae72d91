import * as operations from './generated/sdk.gen.ts';
import type {
  AuditAnchor,
  AuditEntry,
  AuditTail,
  ListAuditAnchorsResponse,
  ListAuditData,
  ListAuditResponse,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Entries that one call asks for: as many as the service gives. */
const largestPage = 500;

/** What to read of the log. */
export type AuditFilter = PageQuery &
  Pick<NonNullable<ListAuditData['query']>, 'action' | 'memberId' | 'target' | 'order'>;

/** The audit log. @internal */
export function auditCalls(engine: Transport) {
  return {
    /** Sealed entries, the newest first unless asked otherwise. */
    list: (filter: AuditFilter = {}, options?: CallOptions): Listing<ListAuditResponse, AuditEntry> =>
      listing(
        filter,
        async (page) => (await operations.listAudit({ ...engine.of(options), query: { ...filter, ...page } })).data,
        ({ entries }) => entries,
        largestPage,
      ),

    /** The head of the chain, and what no seal covers yet. */
    readTail: async (options?: CallOptions): Promise<AuditTail> =>
      (await operations.readAuditTail(engine.of(options))).data,

    /** Signed heads of the chain, the oldest first. */
    listAnchors: (query: PageQuery = {}, options?: CallOptions): Listing<ListAuditAnchorsResponse, AuditAnchor> =>
      listing(
        query,
        async (page) => (await operations.listAuditAnchors({ ...engine.of(options), query: page })).data,
        ({ anchors }) => anchors,
      ),
  };
}
