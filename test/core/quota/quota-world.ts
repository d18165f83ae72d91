import { createIds } from '../../../adapters/system/ids.ts';
import { MemoryTable } from '../../../bench/simulation/memory-table.ts';
import type { AttemptRecord, BuildRecord } from '../../../core/builds/build-record.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { artifactWrite, attemptWrite } from '../../../core/builds/stage-repository.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ids } from '../../../core/ports/ids.ts';
import type { Table } from '../../../core/ports/table.ts';
import { reservePlanned } from '../../../core/quota/gate.ts';
import { readLease, sumOf, usedCounter } from '../../../core/quota/lease.ts';
import { countOf, headPrefix, leasePlace, leasePrefix, type Owner, settingPlace } from '../../../core/quota/places.ts';
import type { QuotaLimits } from '../../../core/quota/tiers.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';
import { specWith } from '../plan/plan-fixtures.ts';

/** A table with one tenant on a clock that tests set. */
export interface QuotaWorld {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tenantId: string;
  now: number;
  /** Stores limits of an owner. */
  limit(owner: Owner, limits: QuotaLimits): Promise<void>;
  /** Submits a build; through another table where faults are wanted. */
  submit(table?: Table, run?: Partial<BuildRecord>): Promise<BuildRecord>;
  /** Makes a build a running one that has used so much. */
  run(build: BuildRecord, used: { readonly minutes: number; readonly bytes: number }): Promise<void>;
  /** What leases say of an owner's quotas, by quota and period. */
  leased(owner: Owner): Promise<Record<string, number>>;
  /** What counters say. */
  counted(owner: Owner): Promise<Record<string, number>>;
}

const spec = specWith({ outputs: [{ type: 'tar' }] });
const start = Date.parse('2026-11-26T12:00:00Z');

/** @param table in memory, unless another is given */
export async function openQuotaWorld(table: Table = new MemoryTable()): Promise<QuotaWorld> {
  const clock: Clock = {
    now: () => new Date(world.now),
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
  };
  const ids = createIds({ now: () => new Date(start), sleep: clock.sleep });
  const tenant = newTenant({ now: () => new Date(start), sleep: clock.sleep }, ids, { name: 'one' });
  await table.transact([tenant.write]);
  const { tenantId } = tenant.record;
  const world: QuotaWorld = {
    ...{ table, clock, ids, tenantId, now: start },
    async limit(owner, overrides) {
      const data = toJsonObject({ overrides, changedAt: new Date(start).toISOString() });
      await table.transact([{ kind: 'put', key: settingPlace(owner), data }]);
    },
    async submit(through = table, run = {}) {
      return (await submitBuild({ table: through, clock, ids }, { tenantId, keyId: 'key_1', spec, run })).build;
    },
    async run(build, { minutes, bytes }) {
      const stored = await findBuild(table, build.id);
      if (stored === undefined) throw new Error('the build is missing');
      const at = new Date(world.now);
      const attempt: AttemptRecord = {
        ...({ stage: 's1', attempt: 1, state: 'ended', trust: 'service', steps: [], blobs: {} } as const),
        ...{ ticketHash: 'a'.repeat(64), endedAt: at.toISOString() },
        preparedAt: new Date(world.now - minutes * 60_000).toISOString(),
      };
      const artifact = { name: 'image.tar', type: 'tar', step: 'tar', size: bytes, sha256: 'b'.repeat(64) } as const;
      const running: BuildRecord = { ...stored.value, state: 'running', startedAt: at.toISOString() };
      await table.transact([
        buildWrite(running, stored.version),
        attemptWrite(build.id, attempt, 'absent'),
        ...(bytes > 0 ? [artifactWrite(build.id, { ...artifact, mediaType: 'application/x-tar' })] : []),
      ]);
    },
    async leased(owner) {
      const { partition } = leasePlace(owner, '');
      const { records } = await table.query({ partition, sortPrefix: leasePrefix, limit: 1_000 });
      const sums = sumOf(records.flatMap((record) => readLease(record).lease.shares));
      return Object.fromEntries([...sums].map(([key, { amount }]) => [key, amount]).sort());
    },
    async counted(owner) {
      const { partition } = settingPlace(owner);
      const { records } = await table.query({ partition, sortPrefix: headPrefix, limit: 1_000 });
      const counts = records.flatMap((record) => {
        const of = countOf(record.key);
        const used = record.counters[usedCounter] ?? 0;
        return of === undefined || used === 0 ? [] : [[`${of.quota}#${of.period}`, used] as const];
      });
      return Object.fromEntries(counts.sort());
    },
  };
  return world;
}

/** What a build of the world is planned to use. */
export const plannedImage = { buildMinutesPerMonth: 5, images: 1, storedBytes: 700 } as const;

/** A build that has made an image and ended, and whose event has not come. */
export async function madeImage(world: QuotaWorld, run: { teamId?: string } = {}): Promise<string> {
  const build = await world.submit(world.table, run);
  await reservePlanned(world, build, plannedImage);
  await world.run(build, { minutes: 3, bytes: 500 });
  await endBuild({ ...world, ids: createIds(world.clock) }, build.id, 'succeeded');
  return build.id;
}
