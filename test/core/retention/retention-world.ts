import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { wholeTenant } from '../../../core/access/reach.ts';
import type { Actor } from '../../../core/audit/entry.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { artifactPlace } from '../../../core/builds/places.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { artifactWrite, listArtifacts } from '../../../core/builds/stage-repository.ts';
import { type RunOptions, submitBuild } from '../../../core/builds/submit-build.ts';
import { sha256 } from '../../../core/digest.ts';
import { eventEnvelope, scheduleEnvelope } from '../../../core/events/envelope.ts';
import { utf8 } from '../../../core/json.ts';
import type { Blobs } from '../../../core/ports/blobs.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { Table } from '../../../core/ports/table.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import {
  type CleanupEntry,
  type CleanupRecord,
  getCleanup,
  listEntries,
  requestCleanup,
} from '../../../core/retention/cleanup-record.ts';
import { useContent } from '../../../core/retention/content.ts';
import { type CleanupTask, tenantTasks } from '../../../core/retention/finding.ts';
import { findImage } from '../../../core/retention/image.ts';
import { askedCleanupPlace, sharedPlace } from '../../../core/retention/places.ts';
import { sharerKey } from '../../../core/sharing/places.ts';
import { workOf } from '../../../core/sharing/work-of.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';
import { handle } from '../../../functions/events/clean-up/clean-up.ts';
import { openObjects } from '../../../local/object-store.ts';
import { specWith } from '../plan/plan-fixtures.ts';

export type RetentionPortsUnderTest = Pick<
  Ports,
  'table' | 'blobs' | 'flow' | 'tasks' | 'clock' | 'ids' | 'installation'
>;

/** A store and a table of this machine, which worlds of one tenant each share. */
export interface RetentionBench {
  readonly table: Table;
  readonly blobs: Blobs;
  close(): Promise<void>;
}

export async function openBench(): Promise<RetentionBench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-retention-'));
  const clock = createSystemClock();
  const ids = createIds(clock);
  const table = openSqliteTable({ file: path.join(folder, 'table.db'), clock });
  const objects = await openObjects({
    directory: folder,
    secrets: {
      ...{ s3AccessKeyId: 'LBUILDTEST0000000000', s3SecretAccessKey: ids.secret(32), cursorSecret: ids.secret(32) },
    },
    clock,
  });
  return {
    ...{ table, blobs: objects.blobs },
    async close() {
      await objects.close();
      table.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const day = 86_400_000;
const start = Date.parse('2026-11-26T12:00:00Z');

/** One tenant on a clock that the test sets. */
export class RetentionWorld {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly ports: RetentionPortsUnderTest;
  now = start;
  readonly #written = new Map<string, number>();

  private constructor(bench: RetentionBench, tenantId: string) {
    this.tenantId = tenantId;
    this.actor = { tenantId, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
    const clock: Clock = {
      now: () => new Date(this.now),
      sleep: () => Promise.reject(new Error('nothing here sleeps')),
    };
    const { blobs } = bench;
    // The store's own clock is the machine's: what tests need of it is told by theirs.
    const dated: Blobs = {
      ...wrapped(blobs),
      head: async (place) => {
        const info = await blobs.head(place);
        return info === undefined
          ? undefined
          : { ...info, modifiedAt: new Date(this.#written.get(place.path) ?? start) };
      },
      put: async (place, body, options) => {
        const outcome = await blobs.put(place, body, options);
        if (outcome === 'written') this.#written.set(place.path, this.now);
        return outcome;
      },
    };
    this.ports = {
      ...{ table: bench.table, blobs: dated, clock, ids: createIds(createSystemClock()) },
      flow: {
        start: async () => 'started',
        stop: async () => undefined,
        status: async () => 'running',
        sendTaskSuccess: async () => 'sent',
      },
      tasks: { running: async () => [], stop: async () => undefined },
      installation: {
        ...{ apiUrl: 'http://127.0.0.1', toolchain: 'test', mode: 'contained', architectures: ['amd64'] },
        ...{ outputs: ['iso', 'tar'], cursorSecret: 'x'.repeat(43), concurrentBuilds: 1 },
        ...{ concurrentBuildsPerTenant: 1, stagesPerBuild: 10, spot: false, cacheLimitBytes: 2 ** 40 },
        warmsPresets: false,
      },
    };
  }

  static async open(bench: RetentionBench): Promise<RetentionWorld> {
    const clock = createSystemClock();
    const { record, write } = newTenant(clock, createIds(clock), { name: 'one' });
    await bench.table.transact([write]);
    return new RetentionWorld(bench, record.tenantId);
  }

  get reach() {
    return wholeTenant(this.tenantId);
  }

  pass(days: number): void {
    this.now += days * day;
  }

  /** A build that runs. */
  async begin(name = 'edge', run: RunOptions & Pick<BuildRecord, 'tested'> = {}): Promise<string> {
    const { tested, ...options } = run;
    const spec = specWith({ name, outputs: [{ type: 'tar' }] });
    const { build } = await submitBuild(this.ports, { tenantId: this.tenantId, keyId: 'key_1', spec, run: options });
    await this.change(build.id, {
      ...{ state: 'running', startedAt: this.ports.clock.now().toISOString() },
      ...(tested === undefined ? {} : { tested }),
    });
    return build.id;
  }

  async change(buildId: string, fields: Partial<BuildRecord>): Promise<void> {
    const found = await findBuild(this.ports.table, buildId);
    if (found === undefined) throw new Error('the build is missing');
    await this.ports.table.transact([buildWrite({ ...found.value, ...fields }, found.version)]);
  }

  /**
   * Makes an artifact of a running build, as a builder's receipt does: it says what it stands on, then looks, then has it
   * stored. False where those bytes are just being removed.
   */
  async make(buildId: string, content: string): Promise<boolean> {
    const digest = sha256(content);
    const { table, blobs } = this.ports;
    const user = { tenantId: this.tenantId, workId: buildId, kind: 'artifact' } as const;
    if (!(await useContent(table, user, [digest]))) return false;
    const place = artifactPlace(this.tenantId, digest);
    await blobs.put(place, utf8(content), { contentType: 'application/octet-stream', ifAbsent: true });
    await table.transact([
      artifactWrite(buildId, {
        ...{ name: `${digest.slice(0, 8)}.tar`, type: 'tar', step: 'tar', size: utf8(content).length },
        ...{ sha256: digest, mediaType: 'application/x-tar' },
      }),
    ]);
    return true;
  }

  async end(buildId: string, state: 'succeeded' | 'failed' = 'succeeded'): Promise<void> {
    const build = (await findBuild(this.ports.table, buildId))?.value;
    const left =
      build?.sharesWith === undefined ? [] : [{ kind: 'delete', key: sharerKey(build.sharesWith, buildId) } as const];
    await endBuild(this.ports, buildId, state, undefined, left);
    await settleLeases(this.ports.table, buildId);
  }

  /** A build that shares the work of another that runs. */
  async share(workId: string): Promise<string> {
    const id = await this.begin();
    await this.change(id, { sharesWith: workId });
    await this.ports.table.transact([
      { kind: 'put', key: sharerKey(workId, id), data: {} },
      { kind: 'put', key: sharedPlace(workId, id), data: {} },
    ]);
    return id;
  }

  /** An image of these files. */
  async image(contents: readonly string[], name?: string): Promise<string> {
    const id = await this.begin(name);
    for (const content of contents) await this.make(id, content);
    await this.end(id);
    return id;
  }

  async state(buildId: string): Promise<string> {
    return (await findImage(this.ports.table, buildId))?.image.state ?? 'none';
  }

  /** Artifacts whose bytes are not there as they were. */
  async lost(buildId: string): Promise<string[]> {
    const build = (await findBuild(this.ports.table, buildId))?.value;
    if (build === undefined) return ['the build'];
    const artifacts = await listArtifacts(this.ports.table, workOf(build));
    const whole = await Promise.all(
      artifacts.map(async (artifact) => {
        const bytes = await this.ports.blobs.get(artifactPlace(this.tenantId, artifact.sha256));
        return bytes !== undefined && sha256(bytes) === artifact.sha256 ? [] : [artifact.name];
      }),
    );
    return whole.flat();
  }

  /** Has the real function do a cleanup of the tenant, through these ports. */
  async clean(
    {
      dryRun = false,
      tasks = tenantTasks,
      owner = this.tenantId,
    }: {
      readonly dryRun?: boolean;
      readonly tasks?: readonly CleanupTask[];
      readonly owner?: string;
    } = {},
    through: RetentionPortsUnderTest = this.ports,
  ): Promise<{ readonly record: CleanupRecord; readonly entries: readonly CleanupEntry[] }> {
    const id = await this.request({ dryRun, tasks, owner });
    await this.tell(id, owner, through);
    return this.report(id, owner);
  }

  /** Asks for a cleanup. */
  async request(content: { dryRun: boolean; tasks: readonly CleanupTask[]; owner: string }): Promise<string> {
    const asked = { ...content, tasks: [...content.tasks] };
    // One that a test killed is over for it, and not 20 minutes later.
    await this.ports.table.transact([{ kind: 'delete', key: askedCleanupPlace(content.owner) }]);
    const { id } = await requestCleanup(this.ports, asked, { actor: this.actor, remember: () => [] });
    return id;
  }

  /** Tells the real function of a cleanup that was asked for. */
  async tell(id: string, owner: string, through: RetentionPortsUnderTest = this.ports): Promise<void> {
    await handle(
      through,
      eventEnvelope({
        ...{ id: this.ports.ids.next('evt'), type: 'cleanup.requested', version: 1, tenantId: this.tenantId },
        ...{ at: new Date(this.now).toISOString(), detail: { cleanupId: id, owner } },
      }),
    );
  }

  async report(
    id: string,
    owner: string,
  ): Promise<{ readonly record: CleanupRecord; readonly entries: readonly CleanupEntry[] }> {
    const record = await getCleanup(this.ports.table, owner, id);
    const entries: CleanupEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = await listEntries(this.ports.table, record, cursor);
      entries.push(...page.entries);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return { record, entries };
  }

  async cleanOnSchedule(through: RetentionPortsUnderTest = this.ports): Promise<void> {
    await handle(through, scheduleEnvelope('tick', new Date(this.now)));
  }
}

/** All methods of a store, which may be of a class. */
function wrapped(blobs: Blobs): Blobs {
  return {
    head: (...given) => blobs.head(...given),
    get: (...given) => blobs.get(...given),
    put: (...given) => blobs.put(...given),
    copy: (...given) => blobs.copy(...given),
    delete: (...given) => blobs.delete(...given),
    list: (...given) => blobs.list(...given),
    signGet: (...given) => blobs.signGet(...given),
    signPut: (...given) => blobs.signPut(...given),
    startParts: (...given) => blobs.startParts(...given),
    signPart: (...given) => blobs.signPart(...given),
    completeParts: (...given) => blobs.completeParts(...given),
    abortParts: (...given) => blobs.abortParts(...given),
  };
}
