import * as operations from './generated/sdk.gen.ts';
import type {
  EnablePluginData,
  GrantPluginData,
  ListPluginHearingsData,
  ListPluginHearingsResponse,
  ListPluginRunsResponse,
  Plugin,
  PluginHearing,
  PluginRun,
  PluginVersion,
  PutPluginData,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

type HearingQuery = NonNullable<ListPluginHearingsData['query']>;

/** Plugins of the tenant, and what they did to builds. @internal */
export function pluginCalls(engine: Transport) {
  const at = (name: string, options: CallOptions | undefined) => ({ ...engine.of(options), path: { name } });
  return {
    list: async (options?: CallOptions): Promise<readonly Plugin[]> =>
      (await operations.listPlugins(engine.of(options))).data.plugins,

    read: async (name: string, options?: CallOptions): Promise<Plugin> =>
      (await operations.readPlugin(at(name, options))).data,

    /** A version with its code. */
    readVersion: async (name: string, version: number, options?: CallOptions): Promise<PluginVersion> =>
      (await operations.readPluginVersion({ ...engine.of(options), path: { name, version } })).data,

    /** Puts a version, which is not run before it is enabled; the same as the latest makes none. */
    put: async (body: PutPluginData['body'], options?: CallOptions): Promise<PluginVersion> =>
      (await operations.putPlugin({ ...at(body.declaration.name, options), body })).data,

    /** Has a version run from now on: the latest unless given. */
    enable: async (name: string, body: EnablePluginData['body'] = {}, options?: CallOptions): Promise<Plugin> =>
      (await operations.enablePlugin({ ...at(name, options), body })).data,

    disable: async (name: string, options?: CallOptions): Promise<Plugin> =>
      (await operations.disablePlugin(at(name, options))).data,

    /** Grants what a version wants, or part of it, in place of what was granted. */
    grant: async (name: string, body: GrantPluginData['body'], options?: CallOptions): Promise<Plugin> =>
      (await operations.grantPlugin({ ...at(name, options), body })).data,

    /** Takes back all that was granted. */
    revoke: async (name: string, options?: CallOptions): Promise<Plugin> =>
      (await operations.revokePlugin(at(name, options))).data,

    remove: async (name: string, options?: CallOptions): Promise<void> => {
      await operations.removePlugin(at(name, options));
    },

    /** Runs of plugins for a build, in the order of its life. */
    runs: (buildId: string, query: PageQuery = {}, options?: CallOptions): Listing<ListPluginRunsResponse, PluginRun> =>
      listing(
        query,
        async (page) =>
          (await operations.listPluginRuns({ ...engine.of(options), path: { id: buildId }, query: page })).data,
        ({ runs }) => runs,
      ),

    /** Events that a plugin was told, or is to be, the latest first. */
    hearings: (
      name: string,
      query: HearingQuery = {},
      options?: CallOptions,
    ): Listing<ListPluginHearingsResponse, PluginHearing> =>
      listing(
        query,
        async (page) =>
          (await operations.listPluginHearings({ ...at(name, options), query: { ...query, ...page } })).data,
        ({ hearings }) => hearings,
      ),

    /** Has a plugin told of an event again, within a minute. */
    tellAgain: async (name: string, hearingId: string, options?: CallOptions): Promise<PluginHearing> =>
      (await operations.tellPluginAgain({ ...engine.of(options), path: { name, hearingId } })).data,
  };
}
