import * as operations from './generated/sdk.gen.ts';
import type { BuildAnalytics, ReadBuildAnalyticsData } from './generated/types.gen.ts';
import type { CallOptions, Transport } from './transport.ts';

/** What builds come to. @internal */
export function analyticsCalls(engine: Transport) {
  return {
    /** What the builds that ended in a span of days come to, in all and by group. */
    read: async (
      query: NonNullable<ReadBuildAnalyticsData['query']> = {},
      options?: CallOptions,
    ): Promise<BuildAnalytics> => (await operations.readBuildAnalytics({ ...engine.of(options), query })).data,
  };
}
