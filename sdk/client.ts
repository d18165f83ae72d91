import { accessCalls } from './access.ts';
import { analyticsCalls } from './analytics.ts';
import { approvalCalls } from './approvals.ts';
import { auditCalls } from './audit.ts';
import { billingCalls } from './billing.ts';
import { cacheCalls } from './cache.ts';
import { deadLetterCalls } from './dead-letters.ts';
import { diffCalls } from './diff.ts';
import { downloadCalls } from './downloads.ts';
import { ApiProblem, EngineUnreachable, isProblem, isTransient, reasonOf } from './engine-error.ts';
import { followCalls, withSignal } from './following.ts';
import { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  Artifact,
  Build,
  BuildDetail,
  BuildList,
  Capabilities,
  ListBuildsData,
  Logs,
  PlanPreview,
  PreviewPlanResponses,
  ResumeBuildResponses,
  SigningKey,
  Spec,
  SpecVerdict,
  StartBuildResponses,
  TemplatedSpec,
  ValidateSpecResponses,
} from './generated/types.gen.ts';
import { lockCalls } from './locks.ts';
import { maintenanceCalls } from './maintenance.ts';
import { quotaCalls } from './quotas.ts';
import { retentionCalls } from './retention.ts';
import { secretCalls } from './secrets.ts';
import { teamCalls } from './teams.ts';
import { templateCalls } from './templates.ts';
import { uploadCalls } from './uploads.ts';
import { webhookCalls } from './webhooks.ts';

/** A spec as an object, or as the text of a file in JSON or YAML. */
export type SpecSource = Spec | TemplatedSpec | SpecText;

/** The text of a spec's file. */
export interface SpecText {
  readonly text: string;
  readonly mediaType: 'application/json' | 'application/yaml';
}

/** How a build runs. */
export interface RunOptions {
  /** The same key and request within a day answer the same build. */
  readonly idempotencyKey?: string;
  /** After a failure, go on with all that does not need the failed step. */
  readonly keepGoing?: boolean;
  /** True: runs on its own, though the tenant runs the same plan already. */
  readonly force?: boolean;
  /** Among the builds of its team; normal unless given. `urgent` needs builds:urgent. */
  readonly priority?: Build['priority'];
}

/** A lock that the engine has, in place of the spec’s own: the SHA-256 of its file. */
export interface LockOption {
  readonly lock?: string;
}

export type EngineClient = ReturnType<typeof createEngineClient>;

/**
 * A client of one engine. Every call throws ApiProblem where the engine refuses and EngineUnreachable where none
 * answers; an abort of `signal` throws the signal's reason.
 */
export function createEngineClient(options: {
  readonly url: string;
  readonly apiKey: string;
  readonly fetch?: typeof fetch;
}) {
  const url = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;
  const client = createClient({ baseUrl: url, auth: options.apiKey, fetch: send, throwOnError: true });
  client.interceptors.error.use((error: unknown, response: Response | undefined, request: Request | undefined) => {
    if (request?.signal.aborted === true) return request.signal.reason;
    if (isProblem(error)) return new ApiProblem(error);
    if (response !== undefined) return new EngineUnreachable(url, `it answered ${response.status} without a problem`);
    return new EngineUnreachable(url, reasonOf(error), error);
  });
  const shared = { client, throwOnError: true } as const;

  /** Starts a build; with `team`, an id, it belongs to that team. */
  async function startBuild(
    spec: SpecSource,
    run: RunOptions & LockOption & { readonly team?: string } = {},
  ): Promise<Build> {
    const { body, mediaType } = bodyOf(spec);
    const { data } = await client.post<StartBuildResponses, unknown, true>({
      security: [{ type: 'http', scheme: 'bearer' }],
      url: '/v1/builds',
      query: { ...queryOf(run), ...lockOf(run), ...(run.team === undefined ? {} : { team: run.team }) },
      body,
      bodySerializer: null,
      headers: { 'content-type': mediaType, ...headersOf(run) },
      throwOnError: true,
    });
    return data;
  }

  /** Goes on with a failed or cancelled build, as a new one; with a spec, with that instead of the build's own. */
  async function resumeBuild(
    id: string,
    run: RunOptions & { readonly spec?: SpecSource; readonly archive?: 'resumed' | 'latest' } = {},
  ): Promise<Build> {
    const given = run.spec === undefined ? undefined : bodyOf(run.spec);
    const { data } = await client.post<ResumeBuildResponses, unknown, true>({
      security: [{ type: 'http', scheme: 'bearer' }],
      url: '/v1/builds/{id}:resume',
      path: { id },
      query: { ...queryOf(run), ...(run.archive === undefined ? {} : { archive: run.archive }) },
      ...(given === undefined ? {} : { body: given.body }),
      bodySerializer: null,
      headers: { ...(given === undefined ? {} : { 'content-type': given.mediaType }), ...headersOf(run) },
      throwOnError: true,
    });
    return data;
  }

  /** Builds the spec of a build that has ended once more. */
  async function retryBuild(id: string, run: RunOptions = {}): Promise<Build> {
    const call = { ...shared, path: { id }, query: queryOf(run), headers: headersOf(run) };
    return (await operations.retryBuild(call)).data;
  }

  /** What a build of a spec would do; nothing is started. */
  async function previewPlan(
    spec: SpecSource,
    extra: LockOption & { readonly svg?: boolean } = {},
  ): Promise<PlanPreview> {
    const { body, mediaType } = bodyOf(spec);
    const { data } = await client.post<PreviewPlanResponses, unknown, true>({
      security: [{ type: 'http', scheme: 'bearer' }],
      url: '/v1/builds:plan',
      query: { ...(extra.svg === true ? { svg: 'true' } : {}), ...lockOf(extra) },
      body,
      bodySerializer: null,
      headers: { 'content-type': mediaType },
      throwOnError: true,
    });
    return data;
  }

  async function validateSpec(spec: SpecSource): Promise<SpecVerdict> {
    const { body, mediaType } = bodyOf(spec);
    const { data } = await client.post<ValidateSpecResponses, unknown, true>({
      security: [{ type: 'http', scheme: 'bearer' }],
      url: '/v1/specs/validate',
      body,
      bodySerializer: null,
      headers: { 'content-type': mediaType },
      throwOnError: true,
    });
    return data;
  }

  /** What the engine can build. */
  async function readCapabilities(): Promise<Capabilities> {
    return (await operations.readCapabilities({ ...shared })).data;
  }

  async function readBuild(id: string, signal?: AbortSignal): Promise<BuildDetail> {
    return (await operations.readBuild({ ...shared, path: { id }, ...withSignal(signal) })).data;
  }

  async function listBuilds(query: NonNullable<ListBuildsData['query']> = {}): Promise<BuildList> {
    return (await operations.listBuilds({ ...shared, query })).data;
  }

  async function cancelBuild(id: string): Promise<Build> {
    return (await operations.cancelBuild({ ...shared, path: { id } })).data;
  }

  async function readLogs(
    id: string,
    query: { readonly cursor?: string; readonly stage?: string; readonly waitSeconds?: number } = {},
    signal?: AbortSignal,
  ): Promise<Logs> {
    return (await operations.readLogs({ ...shared, path: { id }, query, ...withSignal(signal) })).data;
  }

  async function listArtifacts(id: string): Promise<readonly Artifact[]> {
    return (await operations.listArtifacts({ ...shared, path: { id } })).data.artifacts;
  }

  async function readSigningKey(): Promise<SigningKey> {
    return (await operations.readSigningKey(shared)).data;
  }

  async function isHealthy(signal?: AbortSignal): Promise<boolean> {
    try {
      return (await operations.readHealth({ ...shared, ...withSignal(signal) })).data.status === 'ready';
    } catch (error) {
      if (isTransient(error)) return false;
      throw error;
    }
  }

  return {
    url,
    ...billingCalls(client),
    ...cacheCalls(client),
    ...downloadCalls({ url, apiKey: options.apiKey, send, listArtifacts }),
    ...deadLetterCalls(client),
    ...maintenanceCalls(client),
    ...analyticsCalls(client),
    ...diffCalls(client),
    ...lockCalls(client),
    ...retentionCalls(client),
    ...secretCalls(client),
    ...webhookCalls(client),
    ...quotaCalls(client),
    ...accessCalls(client),
    ...teamCalls(client),
    ...approvalCalls(client),
    ...auditCalls(client),
    ...templateCalls(client),
    ...uploadCalls(client, url),
    startBuild,
    validateSpec,
    readCapabilities,
    previewPlan,
    readBuild,
    listBuilds,
    resumeBuild,
    retryBuild,
    cancelBuild,
    readLogs,
    listArtifacts,
    readSigningKey,
    isHealthy,
    ...followCalls({ readBuild, readLogs }),
  };
}

/** No spec has a member `text`. */
function isSpecText(spec: SpecSource): spec is SpecText {
  return 'text' in spec && typeof spec.text === 'string';
}

function bodyOf(spec: SpecSource): { readonly body: string; readonly mediaType: string } {
  if (isSpecText(spec)) return { body: spec.text, mediaType: spec.mediaType };
  return { body: JSON.stringify(spec), mediaType: 'application/json' };
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

function headersOf(run: RunOptions): { 'Idempotency-Key'?: string } {
  return run.idempotencyKey === undefined ? {} : { 'Idempotency-Key': run.idempotencyKey };
}
