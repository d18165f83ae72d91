import * as operations from './generated/sdk.gen.ts';
import type {
  ListScansData,
  ReadScanResponse,
  Recheck,
  RecheckedBuild,
  RecheckPage,
  ScanList,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Builds that one call judges: each reads what its step `inspect` wrote. */
const recheckedAtOnce = 20;

/** What images are by their profiles, then and today, and what is known of their packages. @internal */
export function complianceCalls(engine: Transport) {
  return {
    /** Scans of a build, the latest first. */
    scans: async (
      id: string,
      query: NonNullable<ListScansData['query']> = {},
      options?: CallOptions,
    ): Promise<ScanList['scans']> =>
      (await operations.listScans({ ...engine.of(options), path: { id }, query })).data.scans,

    /** A scan with all that it found. */
    readScan: async (id: string, scan: string, options?: CallOptions): Promise<ReadScanResponse> =>
      (await operations.readScan({ ...engine.of(options), path: { id, scan } })).data,

    /** Judges a stored build by the checks, members and day of today. */
    recheck: async (id: string, options?: CallOptions): Promise<Recheck> =>
      (await operations.recheckBuild({ ...engine.of(options), path: { id } })).data,

    /** Judges all stored builds that the caller may read, the newest first, as they are walked over. */
    recheckAll: (query: PageQuery = {}, options?: CallOptions): Listing<RecheckPage, RecheckedBuild> =>
      listing(
        query,
        async (page) => (await operations.recheckBuilds({ ...engine.of(options), query: page })).data,
        ({ builds }) => builds,
        recheckedAtOnce,
      ),
  };
}
