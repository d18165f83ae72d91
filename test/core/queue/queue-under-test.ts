import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { findBuild, updateBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { type RunOptions, submitBuild } from '../../../core/builds/submit-build.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { Table } from '../../../core/ports/table.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { handle } from '../../../functions/events/dispatch-builds/dispatch-builds.ts';
import { specWith } from '../plan/plan-fixtures.ts';

/** A clock that stands still but for who sleeps and who sets it. */
export interface StoodClock extends Clock {
  pass(milliseconds: number): void;
  slept: number;
}

/** The dispatcher over a real table; executions are only noted. */
export interface QueueUnderTest {
  readonly ports: Pick<Ports, 'table' | 'clock' | 'ids' | 'flow' | 'installation'>;
  readonly clock: StoodClock;
  readonly table: Table;
  /** Ids of the builds whose executions were started, in order. */
  readonly executions: string[];
  /** A build that is planned and waits. */
  queued(tenantId: string, run?: RunOptions & { memberId?: string; keyId?: string; seconds?: number }): Promise<string>;
  dispatch(): Promise<void>;
  end(buildId: string, state?: 'succeeded' | 'failed' | 'cancelled'): Promise<void>;
  build(buildId: string): Promise<BuildRecord>;
  /** Count of running builds of an owner (core/queue/slots.ts). */
  running(name: string): Promise<number>;
  close(): void;
}

const spec = specWith({ outputs: [{ type: 'tar' }] });
const actorOf = (tenantId: string, keyId: string, memberId: string) => ({
  ...{ tenantId, keyId, memberId },
  requestId: 'req_1',
});

export function openQueue(limits: Partial<Installation> = {}): QueueUnderTest {
  let now = Date.parse('2026-11-01T10:00:00.000Z');
  const clock: StoodClock = {
    slept: 0,
    now: () => new Date(now),
    pass: (milliseconds) => {
      now += milliseconds;
    },
    sleep: async (milliseconds) => {
      clock.slept += milliseconds;
      now += milliseconds;
    },
  };
  const table = openSqliteTable({ file: ':memory:', clock });
  const ids = createIds(clock);
  const executions: string[] = [];
  const ports: QueueUnderTest['ports'] = {
    ...{ table, clock, ids },
    flow: {
      start: async (name) => {
        executions.push(name);
        return 'started';
      },
      stop: async () => undefined,
      status: async () => 'running',
      sendTaskSuccess: async () => 'gone',
    },
    installation: {
      ...{ apiUrl: 'http://127.0.0.1', toolchain: 'c'.repeat(64), mode: 'contained', architectures: ['amd64'] },
      ...{ outputs: ['tar'], cursorSecret: 's'.repeat(43), spot: false, cacheLimitBytes: 1e12, warmsPresets: false },
      ...{ concurrentBuilds: 10, concurrentBuildsPerTenant: 10, stagesPerBuild: 10 },
      ...limits,
    },
  };
  const build = async (buildId: string): Promise<BuildRecord> => {
    const found = await findBuild(table, buildId);
    if (found === undefined) throw new Error(`no build ${buildId}`);
    return found.value;
  };
  return {
    ...{ ports, clock, table, executions, build },
    queued: async (tenantId, { memberId = 'mem_1', keyId = 'key_1', seconds, ...run } = {}) => {
      // Ids of one millisecond are in no order.
      now += 1;
      const actor = actorOf(tenantId, keyId, memberId);
      const { build: made } = await submitBuild(ports, { ...{ tenantId, keyId, spec, run, actor } });
      await updateBuild(table, made.id, (one) => ({ build: { ...one, state: 'planning' } }));
      const figures = { bytes: 0, dollars: 0, sources: { cache: 0, history: 0, table: 0 }, dollarsPerSecond: {} };
      const estimate = seconds === undefined ? {} : { estimate: { seconds, ...figures } };
      await updateBuild(table, made.id, (one) => ({ build: { ...one, ...estimate, state: 'queued' } }));
      return made.id;
    },
    dispatch: async () => void (await handle(ports, {})),
    end: async (buildId, state = 'succeeded') => void (await endBuild(ports, buildId, state)),
    running: async (name) => {
      const record = await table.get({ partition: `RUNNING#${name}`, sort: 'RUNNING' });
      return record?.counters.builds ?? 0;
    },
    close: () => table.close(),
  };
}
