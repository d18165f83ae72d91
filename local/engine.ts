import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpArchive } from '../adapters/archive/http-archive.ts';
import { createPackageFiles } from '../adapters/archive/package-files.ts';
import { createVulnerabilityMirror } from '../adapters/mirror/vulnerability-mirror.ts';
import { createTrustedFetch } from '../adapters/network/trusted-fetch.ts';
import { createWebhookSender } from '../adapters/network/webhook-sender.ts';
import { createTokenVerifier } from '../adapters/oidc/token-verifier.ts';
import { createPrometheusMetrics } from '../adapters/prometheus/prometheus-metrics.ts';
import { createPluginRunner } from '../adapters/quickjs/plugin-runner.ts';
import { createKeySigner } from '../adapters/signing/key-signer.ts';
import { openSqliteTable } from '../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import { createIds } from '../adapters/system/ids.ts';
import { createKeyVault } from '../adapters/vault/key-vault.ts';
import { rememberArchive } from '../core/builds/archive-memory.ts';
import { EngineError } from '../core/errors.ts';
import { executionEnvelope } from '../core/events/envelope.ts';
import type { Fusing } from '../core/plan/stages.ts';
import type { Ports } from '../core/ports/ports.ts';
import { architectures, outputTypes } from '../core/spec/releases.ts';
import type { Installation } from '../core/tenancy/installation.ts';
import { deadLetterKeeper, executionRule, schedules } from '../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../core/wiring/flow-functions.ts';
import { type OidcSettings, oidcOf } from '../core/wiring/oidc.ts';
import { proxyOf } from '../core/wiring/proxy.ts';
import { operations } from '../functions/api/operations.ts';
import { largestBodyBytes } from '../functions/shared/request-body.ts';
import { createRouter } from '../functions/shared/router.ts';
import { deadLetterMessage } from './bus/dead-letter-message.ts';
import { createLocalBus } from './bus/event-bus.ts';
import { startSchedules } from './bus/schedules.ts';
import type { LocalConfiguration } from './configuration.ts';
import { openLocalFlow } from './flow/local-flow.ts';
import { eventHandlers, orchestrationHandlers } from './functions.ts';
import { startHttpFront } from './http/front.ts';
import { withMetricsPage } from './http/metrics-page.ts';
import { lockInstance } from './instance-lock.ts';
import type { Log } from './log.ts';
import { measuredRequests, measureHandlers } from './measured.ts';
import { openObjects } from './object-store.ts';
import { startOutboxPump } from './outbox-pump.ts';
import { openSecrets, openSigningKey, openVaultKey } from './secrets.ts';
import { openTaskRunner, type TaskRunner, type TaskRunnerOptions } from './tasks/task-runner.ts';
import { warmBuilders } from './tasks/warm-builders.ts';
import { openToolchain } from './toolchain.ts';

export interface Engine {
  readonly url: string;
  readonly ports: Ports;
  /** Takes no more requests, ends what runs, and lets go of the folder. What is unfinished goes on at the next start. */
  close(): Promise<void>;
}

/** Opens what runs builder tasks. */
export type OpenRunner = (options: TaskRunnerOptions) => Promise<TaskRunner>;

/** What no configuration says: tests have engines of which a part is another than a user's. */
export interface EngineParts {
  /** By default tasks are processes of this machine. */
  readonly openRunner?: OpenRunner;
  /** How plans fuse steps into stages; by default by cost. */
  readonly fusing?: Fusing;
}

/** Builds that may wait at once: the queue is read whole by each dispatch. */
const queuedBuilds = 20_000;

/** What most specs build. */
const newestRelease = 'trixie';

/** Where build.asl.json lies, beside its construct. */
const definitionFile = join(import.meta.dirname, '../lib/build.asl.json');

/**
 * Starts the engine of a folder: the composition root of this machine. It says nothing by hand that AWS is told: the
 * operations, the rules, the schedules and the flow are read from core and lib/build.asl.json.
 * @throws EngineError configuration.invalid where another engine holds the folder or the builder root is missing
 */
export async function startEngine(
  configuration: LocalConfiguration,
  log: Log,
  { openRunner = openTaskRunner, fusing }: EngineParts = {},
): Promise<Engine> {
  const { directory } = configuration;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  mkdirSync(configuration.packageCache, { recursive: true });
  const lock = await lockInstance(directory);
  const clock = createSystemClock();
  const ids = createIds(clock);
  const secrets = openSecrets(directory);
  const toolchain = await openToolchain(configuration.builderRoot, directory);
  const table = openSqliteTable({ file: join(directory, 'table.db'), clock });
  let running: TaskRunner | undefined;
  const objects = await openObjects({
    directory: join(directory, 'objects'),
    secrets,
    clock,
    handedOver: (path, name) => running?.handedOver?.(path, name),
    pages: configuration.corsOrigins !== undefined,
  });
  const stopping = new AbortController();
  const proxy = proxyOf(configuration.proxy, configuration.noProxy);
  const runner = await openRunner({
    directory: join(directory, 'tasks'),
    builderRoot: configuration.builderRoot,
    agentBundle: toolchain.agentBundle,
    mode: configuration.mode,
    slots: configuration.slots,
    packageCache: configuration.packageCache,
    proxy,
    table,
    fileOf: objects.fileOf,
    clock,
    log,
  });
  running = runner;

  const openPlugins = () =>
    createPluginRunner({
      ...{ privateHosts: configuration.webhookPrivateHosts ?? [], proxy, sandboxFile: toolchain.sandboxFile },
    });
  const hearing = openPlugins();
  const metrics = createPrometheusMetrics();
  const measured = measureHandlers(metrics, clock);
  const invoke = async (name: EventFunctionName, payload: unknown): Promise<void> => {
    // Who starts a build does not wait for plugins that are told of events.
    const given = name === 'tellPlugins' ? { ...ports, plugins: hearing } : ports;
    await measured(name, () => eventHandlers[name](given, payload));
  };
  const bus = createLocalBus({
    invoke,
    clock,
    log: log.info,
    deadLetter: (letter) => invoke(deadLetterKeeper, deadLetterMessage(letter, ids.next('req'))),
    file: join(directory, 'bus.db'),
  });
  const flow = openLocalFlow({
    file: join(directory, 'flow.db'),
    definition: readFileSync(definitionFile, 'utf8'),
    substitutions: localSubstitutions(),
    lambda: (name, payload) => {
      const handler = Object.entries(orchestrationHandlers).find(([known]) => known === name)?.[1];
      if (handler === undefined) throw new Error(`the flow names no function ${name}`);
      return measured(name, () => handler(ports, payload));
    },
    runTask: runner.run,
    clock,
    ids,
    onStatusChange: async (change) => {
      await invoke(executionRule.target, executionEnvelope(change, ids.next('evt'), clock.now()));
      // Nobody waits for it, and a build does without: what is wrong is worth a line.
      warmBuilders(ports, runner, change.name).catch((error: unknown) => log.failure('warm the builders', error));
    },
  });

  const archives = {
    addresses: {
      debian: { archive: configuration.archive, security: configuration.archiveSecurity },
      ubuntu: { archive: configuration.archiveUbuntu, security: configuration.archiveUbuntuSecurity },
    },
    snapshot: configuration.archiveSnapshot,
    proxy,
  };
  const oidc = oidcOfConfiguration(configuration);
  // The front needs the router, which needs the address: the address comes first.
  const front = await startHttpFront({
    handle: withMetricsPage(metrics, (request) => router(request)),
    port: configuration.port,
    maxBodyBytes: largestBodyBytes,
    ...(configuration.corsOrigins === undefined ? {} : { origins: configuration.corsOrigins }),
    ids,
  });
  const ports: Ports = {
    installation: {
      apiUrl: front.url,
      toolchain: toolchain.digest,
      mode: configuration.mode,
      architectures: [hostArchitecture()],
      outputs: [...outputTypes],
      cursorSecret: secrets.cursorSecret,
      ...limitsOf(configuration),
      fusing,
    },
    table,
    blobs: objects.blobs,
    auditArchive: objects.auditArchive,
    flow,
    tasks: runner,
    bus,
    archive: rememberArchive(
      createHttpArchive({
        ...archives,
        privateHosts: configuration.archivePrivateHosts,
        ...{ clock, log: log.info },
      }),
      { ...{ table, clock, log: log.info }, fallbackHours: configuration.archiveFallbackHours },
    ),
    packages: createPackageFiles({
      ...archives,
      blobs: objects.blobs,
      inFolder: async (sha256) => existsSync(join(configuration.packageCache, sha256)),
    }),
    signer: createKeySigner(openSigningKey(directory)),
    vault: createKeyVault(openVaultKey(directory)),
    webhooks: createWebhookSender({
      ...{ privateHosts: configuration.webhookPrivateHosts ?? [], proxy, stopping: stopping.signal },
    }),
    plugins: openPlugins(),
    ...(configuration.vulnerabilityData === undefined
      ? {}
      : { vulnerabilityMirror: createVulnerabilityMirror({ sources: configuration.vulnerabilityData, proxy }) }),
    ...(oidc === undefined
      ? {}
      : { tokens: createTokenVerifier(oidc, { fetch: createTrustedFetch(proxy), clock, log: log.info }) }),
    metrics,
    clock,
    ids,
  };
  const router = createRouter({ ports, operations, log: measuredRequests(log.requests, metrics) });
  const pump = await startOutboxPump({
    table,
    bus,
    onCommit: (listener) => table.onCommit(listener),
    trim: (position) => table.trim(position),
    onError: (error) => log.failure('publish the outbox', error),
  });
  await flow.resume();
  // The first plan then finds the archive's state read, and an address that is wrong shows in the log at once.
  ports.archive
    .state(newestRelease, hostArchitecture())
    .catch((error: unknown) => log.failure('read the archive', error));
  const timers = startSchedules({ schedules, invoke, clock, log: log.info });

  return {
    url: front.url,
    ports,
    close: async () => {
      // What waits for somebody else's server is given up, and sent again at the next start.
      stopping.abort(new Error('the engine is being stopped'));
      await timers.stop();
      await front.close();
      await flow.close();
      await runner.close();
      await pump.stop();
      await bus.close();
      await objects.close();
      table.close();
      await lock.release();
    },
  };
}

/**
 * Builds at once: so many that a slot is always in use, and of whomever, since one machine serves one owner. Stages at
 * once are as many as there are slots, whose builds they are of.
 */
function limitsOf(
  configuration: LocalConfiguration,
): Omit<Installation, 'apiUrl' | 'toolchain' | 'mode' | 'architectures' | 'outputs' | 'cursorSecret'> {
  const builds = Math.max(2, configuration.slots * 2);
  return {
    ...{ concurrentBuilds: builds, concurrentBuildsPerTenant: builds, stagesPerBuild: 40, spot: false },
    defaultTier: configuration.defaultTier,
    // One machine serves one owner.
    ...{ queuedBuilds, queuedBuildsPerTenant: queuedBuilds },
    cacheLimitBytes: configuration.cacheLimitGib * 1024 ** 3,
    warmsPresets: configuration.warmsPresets,
    oidc: oidcOfConfiguration(configuration),
    rateLimit: { burst: configuration.requestBurst, perSecond: configuration.requestsPerSecond, shared: false },
    privateArchiveHosts: configuration.archivePrivateHosts,
    webhookPrivateHosts: configuration.webhookPrivateHosts,
    snapshots: configuration.archiveSnapshot !== undefined,
  };
}

function oidcOfConfiguration(configuration: LocalConfiguration): OidcSettings | undefined {
  const { oidcIssuer: issuer, oidcAudience: audience, oidcTenantClaim: tenantClaim } = configuration;
  return oidcOf({ issuer, audience, tenantClaim });
}

/** The flow's functions go by their own names here; what names AWS resources has no meaning on one machine. */
function localSubstitutions(): Record<string, string> {
  const functions = Object.keys(orchestrationHandlers).map((name) => [name, name]);
  const capacity = ['Cluster', 'TaskDefinition', 'CapacityProvider', 'SpotCapacityProvider'];
  const resources = [...capacity, 'Subnets', 'SecurityGroups', 'AssignPublicIp'];
  return Object.fromEntries([...functions, ...resources.map((name) => [name, 'local'])]);
}

/** Debian's name of this machine's architecture. @throws EngineError configuration.invalid on any other. */
function hostArchitecture(): (typeof architectures)[number] {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new EngineError(
    'configuration.invalid',
    `Images are built on ${architectures.join(' and ')}, not on ${process.arch}.`,
  );
}
