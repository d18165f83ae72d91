import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createWebhookSender } from '../../adapters/network/webhook-sender.ts';
import { createPluginRunner } from '../../adapters/quickjs/plugin-runner.ts';
import { createKeySigner } from '../../adapters/signing/key-signer.ts';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { createIds } from '../../adapters/system/ids.ts';
import { createKeyVault } from '../../adapters/vault/key-vault.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import { type BuildDetail, buildDetail } from '../../core/builds/build-view.ts';
import { type RunOptions, submitBuild } from '../../core/builds/submit-build.ts';
import { executionEnvelope } from '../../core/events/envelope.ts';
import type { EngineEvent } from '../../core/events/event.ts';
import type { ArchiveState } from '../../core/plan/archive-state.ts';
import type { Ports } from '../../core/ports/ports.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import type { Installation } from '../../core/tenancy/installation.ts';
import { deadLetterKeeper, executionRule } from '../../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../../core/wiring/flow-functions.ts';
import { deadLetterMessage } from '../../local/bus/dead-letter-message.ts';
import { createLocalBus } from '../../local/bus/event-bus.ts';
import { openLocalFlow } from '../../local/flow/local-flow.ts';
import type { RunTaskRequest } from '../../local/flow/run-task.ts';
import { eventHandlers, orchestrationHandlers } from '../../local/functions.ts';
import { openObjects } from '../../local/object-store.ts';
import { startOutboxPump } from '../../local/outbox-pump.ts';
import { openSigningKey, openVaultKey } from '../../local/secrets.ts';
import { buildDefinition, buildSubstitutions } from '../local/flow/machine.ts';
import { type StandInAgent, standInAgent } from './stand-in-agent.ts';

/** The engine but for its builders and its archive: table, store, bus, flow and every function are the real ones. */
export interface ControlPlane {
  readonly ports: Ports;
  readonly agent: StandInAgent;
  /** File of an object in the work bucket. */
  fileOf(path: string): string;
  /** The state that the archive answers from now on. */
  archive: ArchiveState;
  /** Types of the events that told of a build, in that order, each once, but for those of its stages. */
  typesOf(buildId: string): EngineEvent['type'][];
  /** Events that told of a build, each once. */
  eventsOf(buildId: string): readonly EngineEvent[];
  /** Digests of package files that neither cache nor archive has. */
  readonly gone: Set<string>;
  submit(spec: ResolvedSpec, run?: RunOptions, tenantId?: string): Promise<BuildRecord>;
  ended(buildId: string): Promise<BuildDetail>;
  close(): Promise<void>;
}

/**
 * One for all tests of a file, opened before them and closed after them. Before each its agent has no scripts and has
 * begun nothing, and its archive has the state given here.
 * @param opened told of it
 */
export function useControlPlane(archive: ArchiveState, opened: (plane: ControlPlane) => void, pages = false): void {
  let plane: ControlPlane | undefined;
  beforeAll(async () => {
    plane = await openControlPlane(archive, {}, {}, pages);
    opened(plane);
  });
  afterAll(() => plane?.close());
  beforeEach(() => {
    if (plane === undefined) return;
    plane.agent.scripts.clear();
    plane.agent.began.length = 0;
    plane.archive = archive;
  });
}

/**
 * Starts it in a folder of its own.
 * @param limits what is not the usual of the installation
 * @param parts ports that are others than here
 * @param pages whether pages of other origins may use its store
 */
export async function openControlPlane(
  archive: ArchiveState,
  limits: Partial<Installation> = {},
  parts: Partial<Ports> = {},
  pages = false,
): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'lbuild-control-'));
  const clock = createSystemClock();
  const ids = createIds(clock);
  const table = openSqliteTable({ file: join(directory, 'table.db'), clock });
  const cursorSecret = ids.secret(32);
  const objects = await openObjects({
    ...{ directory: join(directory, 'objects'), pages },
    secrets: { s3AccessKeyId: 'LBUILDTEST0000000000', s3SecretAccessKey: ids.secret(32), cursorSecret },
    clock,
  });
  const agent = standInAgent();
  const invoke = async (name: EventFunctionName, payload: unknown): Promise<void> => {
    await eventHandlers[name](ports, payload);
  };
  const bus = createLocalBus({
    ...{ invoke, clock, log: () => undefined, file: join(directory, 'bus.db') },
    deadLetter: (letter) => invoke(deadLetterKeeper, deadLetterMessage(letter, ids.next('req'))),
  });
  const running = new Map<string, RunTaskRequest>();
  const flow = openLocalFlow({
    file: join(directory, 'flow.db'),
    definition: buildDefinition,
    substitutions: buildSubstitutions,
    lambda: (name, payload) => {
      const handler = Object.entries(orchestrationHandlers).find(([known]) => known === name)?.[1];
      if (handler === undefined) throw new Error(`the flow names no function ${name}`);
      return handler(ports, payload);
    },
    runTask: async (request, { taskId, signal }) => {
      running.set(taskId, request);
      try {
        await agent.run(ports, request, signal);
        return {};
      } finally {
        running.delete(taskId);
      }
    },
    clock,
    ids,
    onStatusChange: (change) => invoke(executionRule.target, executionEnvelope(change, ids.next('evt'), clock.now())),
  });
  const ports: Ports = {
    installation: {
      ...{
        apiUrl: 'http://127.0.0.1',
        toolchain: 'c'.repeat(64),
        mode: 'contained',
        architectures: ['amd64'],
        outputs: ['iso', 'tar'],
      },
      ...{ cursorSecret, concurrentBuilds: 20, concurrentBuildsPerTenant: 20, stagesPerBuild: 40, spot: false },
      ...{ cacheLimitBytes: 20 * 1024 ** 3, warmsPresets: false },
      ...limits,
    },
    ...{ table, blobs: objects.blobs, flow, bus, clock, ids },
    tasks: {
      stop: async () => undefined,
      running: async () => [...running].map(([taskId, request]) => ({ taskId, ...request, startedAt: clock.now() })),
    },
    archive: {
      state: async () => plane.archive,
      extra: async () => plane.archive.extra ?? [],
      places: () => plane.archive.suites,
    },
    packages: { gone: async (files) => files.map(({ sha256 }) => sha256).filter((digest) => plane.gone.has(digest)) },
    signer: createKeySigner(openSigningKey(directory)),
    vault: createKeyVault(openVaultKey(directory)),
    webhooks: createWebhookSender({ privateHosts: [] }),
    plugins: createPluginRunner(),
    ...parts,
  };
  const told = new Map<string, EngineEvent>();
  const pump = await startOutboxPump({
    table,
    bus: {
      publish: (events) => {
        for (const event of events) told.set(event.id, event);
        return bus.publish(events);
      },
    },
    onCommit: (listener) => table.onCommit(listener),
    trim: (position) => table.trim(position),
    onError: (error) => console.error(error),
  });
  const plane: ControlPlane = {
    ...{ ports, agent, archive, gone: new Set() },
    fileOf: objects.fileOf,
    eventsOf: (buildId) => [...told.values()].filter(({ detail }) => detail.buildId === buildId),
    typesOf: (buildId) =>
      [...told.values()].flatMap(({ type, detail }) =>
        detail.buildId === buildId && type !== 'build.stage_completed' ? [type] : [],
      ),
    submit: async (spec, run = {}, tenantId = 'ten_1') =>
      (await submitBuild(ports, { tenantId, keyId: 'key_1', spec, run })).build,
    ended: async (buildId) => {
      for (;;) {
        const found = await findBuild(table, buildId);
        if (found?.value.endedAt !== undefined) return buildDetail(table, found.value, ports.installation.apiUrl);
        await sleep(10);
      }
    },
    close: async () => {
      await flow.close();
      await pump.stop();
      await bus.close();
      await objects.close();
      table.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return plane;
}
