import * as operations from './generated/sdk.gen.ts';
import type {
  Artifact,
  Build,
  BuildCost,
  BuildDetail,
  BuildList,
  BuildLockAnswer,
  BuildRetention,
  BuildSpec,
  BuildTrace,
  Image,
  ListBuildsData,
  Logs,
  PlanPreview,
  PreviewPlanResponses,
  ReadLogsData,
  ResumeBuildResponses,
  StartBuildResponses,
} from './generated/types.gen.ts';
import { type Listing, listing } from './pages.ts';
import { type LockOption, type SpecSource, specCall } from './spec-source.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** How a build runs. */
export interface RunOptions extends KeyedCallOptions {
  /** After a failure, go on with all that does not need the failed step. */
  readonly keepGoing?: boolean;
  /** True: runs on its own, though the tenant runs the same plan already. */
  readonly force?: boolean;
  /** Among the builds of its team; normal unless given. `urgent` needs builds:urgent. */
  readonly priority?: Build['priority'];
}

/** Builds: what starts them, and what is known of them. @internal */
export function buildCalls(engine: Transport) {
  const at = (id: string, options: KeyedCallOptions | undefined) => ({ ...engine.of(options), path: { id } });
  return {
    /** Starts a build; with `team`, an id, it belongs to that team. */
    start: async (spec: SpecSource, run: RunOptions & LockOption & { readonly team?: string } = {}): Promise<Build> => {
      const { data } = await engine.client.post<StartBuildResponses, unknown, true>({
        ...specCall(engine, spec, run),
        url: '/v1/builds',
        query: { ...queryOf(run), ...lockOf(run), ...(run.team === undefined ? {} : { team: run.team }) },
      });
      return data;
    },

    /** Goes on with a failed or cancelled build, as a new one; with a spec, with that instead of the build's own. */
    resume: async (
      id: string,
      run: RunOptions & { readonly spec?: SpecSource; readonly archive?: 'resumed' | 'latest' } = {},
    ): Promise<Build> => {
      const { data } = await engine.client.post<ResumeBuildResponses, unknown, true>({
        ...specCall(engine, run.spec, run),
        url: '/v1/builds/{id}:resume',
        path: { id },
        query: { ...queryOf(run), ...(run.archive === undefined ? {} : { archive: run.archive }) },
      });
      return data;
    },

    /** Builds the spec of a build that has ended once more. */
    retry: async (id: string, run: RunOptions = {}): Promise<Build> =>
      (await operations.retryBuild({ ...at(id, run), query: queryOf(run) })).data,

    cancel: async (id: string, options?: CallOptions): Promise<Build> =>
      (await operations.cancelBuild(at(id, options))).data,

    /** What a build of a spec would do; nothing is started. */
    preview: async (
      spec: SpecSource,
      options: CallOptions & LockOption & { readonly svg?: boolean } = {},
    ): Promise<PlanPreview> => {
      const { data } = await engine.client.post<PreviewPlanResponses, unknown, true>({
        ...specCall(engine, spec, options),
        url: '/v1/builds:plan',
        query: { ...(options.svg === true ? { svg: 'true' } : {}), ...lockOf(options) },
      });
      return data;
    },

    /** A build with its stages and steps. */
    read: async (id: string, options?: CallOptions): Promise<BuildDetail> =>
      (await operations.readBuild(at(id, options))).data,

    /** The builds of the tenant, newest first. */
    list: (query: NonNullable<ListBuildsData['query']> = {}, options?: CallOptions): Listing<BuildList, Build> =>
      listing(
        query,
        async (page) => (await operations.listBuilds({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ builds }) => builds,
      ),

    /** A part of a build's log, from a cursor on; `streamLogs` of the client walks over it. */
    readLogs: async (
      id: string,
      query: NonNullable<ReadLogsData['query']> = {},
      options?: CallOptions,
    ): Promise<Logs> => (await operations.readLogs({ ...at(id, options), query })).data,

    listArtifacts: async (id: string, options?: CallOptions): Promise<readonly Artifact[]> =>
      (await operations.listArtifacts(at(id, options))).data.artifacts,

    /** Puts what a build made into the trash. */
    removeArtifacts: async (id: string, options?: CallOptions): Promise<Image> =>
      (await operations.removeArtifacts(at(id, options))).data,

    /** Takes what a build made out of the trash, as it was. */
    restoreArtifacts: async (id: string, options?: CallOptions): Promise<Image> =>
      (await operations.restoreArtifacts(at(id, options))).data,

    /** Replaces the tags of what a build made. */
    tagArtifacts: async (id: string, tags: readonly string[], options?: CallOptions): Promise<Image> =>
      (await operations.tagArtifacts({ ...at(id, options), body: { tags: [...tags] } })).data,

    /** Whether what a build made is kept, and what protects it. */
    readRetention: async (id: string, options?: CallOptions): Promise<BuildRetention> =>
      (await operations.readBuildRetention(at(id, options))).data,

    /** What a build was made of: every package by digest, and the state of the archives. */
    readLock: async (id: string, options?: CallOptions): Promise<BuildLockAnswer> =>
      (await operations.readBuildLock(at(id, options))).data,

    /** The spec of a build with its defaults, for whoever may build it again. */
    readSpec: async (id: string, options?: CallOptions): Promise<BuildSpec['spec']> =>
      (await operations.readBuildSpec(at(id, options))).data.spec,

    /** What the builders of a build cost. */
    readCost: async (id: string, options?: CallOptions): Promise<BuildCost> =>
      (await operations.readBuildCost(at(id, options))).data,

    /** Where the time of a build went, as collectors of OpenTelemetry take it. */
    readTrace: async (id: string, options?: CallOptions): Promise<BuildTrace> =>
      (await operations.readBuildTrace(at(id, options))).data,
  };
}

function queryOf({ keepGoing, force, priority }: RunOptions): {
  keepGoing?: 'true' | 'false';
  force?: 'true';
  priority?: Build['priority'];
} {
  return {
    ...(keepGoing === undefined ? {} : { keepGoing: keepGoing ? 'true' : 'false' }),
    ...(force === true ? { force: 'true' } : {}),
    ...(priority === undefined ? {} : { priority }),
  };
}

function lockOf({ lock }: LockOption): LockOption {
  return lock === undefined ? {} : { lock };
}
