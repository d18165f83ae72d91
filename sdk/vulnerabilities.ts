import * as operations from './generated/sdk.gen.ts';
import type {
  AutomaticRebuilds,
  BuildToRebuild,
  RebuildList,
  Rescan,
  SetAutomaticRebuildsData,
  VulnerabilityData,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

/** What is known of the packages of images, and what a rebuild would mend. @internal */
export function vulnerabilityCalls(engine: Transport) {
  return {
    /** Which vulnerability data the engine has. */
    data: async (options?: CallOptions): Promise<VulnerabilityData> =>
      (await operations.readVulnerabilityData(engine.of(options))).data,

    /** Has the mirror read now; for operators. */
    refresh: async (options?: CallOptions): Promise<VulnerabilityData> =>
      (await operations.refreshVulnerabilityData(engine.of(options))).data,

    /** Scans the packages of a stored build by the data of today; nothing is built. */
    scan: async (id: string, options?: CallOptions): Promise<Rescan> =>
      (await operations.scanBuild({ ...engine.of(options), path: { id } })).data,

    /** Images that a rebuild would rid of vulnerabilities, the most urgent first. */
    rebuilds: (query: PageQuery = {}, options?: CallOptions): Listing<RebuildList, BuildToRebuild> =>
      listing(
        query,
        async (page) => (await operations.listRebuilds({ ...engine.of(options), query: page })).data,
        ({ rebuilds }) => rebuilds,
      ),

    /** Whether the engine builds images anew by itself when later packages have fixes. */
    automatic: async (options?: CallOptions): Promise<AutomaticRebuilds> =>
      (await operations.readAutomaticRebuilds(engine.of(options))).data,

    /** Sets that; what is left out is as it is at first. */
    setAutomatic: async (
      settings: SetAutomaticRebuildsData['body'],
      options?: CallOptions,
    ): Promise<AutomaticRebuilds> =>
      (await operations.setAutomaticRebuilds({ ...engine.of(options), body: settings })).data,
  };
}
