import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { BuildAnalytics, BuildTrace, ReadBuildAnalyticsData } from './generated/types.gen.ts';

/** The calls of a client that are about what builds come to, and where their time went. */
export function analyticsCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** What the builds that ended in a span of days come to, in all and by group. */
  const readBuildAnalytics = async (
    query: NonNullable<ReadBuildAnalyticsData['query']> = {},
  ): Promise<BuildAnalytics> => (await operations.readBuildAnalytics({ ...shared, query })).data;

  /** Where the time of a build went, as collectors of OpenTelemetry take it. */
  const readBuildTrace = async (id: string): Promise<BuildTrace> =>
    (await operations.readBuildTrace({ ...shared, path: { id } })).data;

  return { readBuildAnalytics, readBuildTrace };
}
