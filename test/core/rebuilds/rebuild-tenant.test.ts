import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findBuild, listBuilds } from '../../../core/builds/build-repository.ts';
import { retryOf } from '../../../core/builds/resume.ts';
import { EngineError } from '../../../core/errors.ts';
import { beginMaintenance, endMaintenance } from '../../../core/maintenance/maintenance.ts';
import { readAttempt } from '../../../core/rebuilds/attempt.ts';
import { type Prepare, rebuildTenant } from '../../../core/rebuilds/rebuild-tenant.ts';
import { setRebuildSettings } from '../../../core/rebuilds/settings.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { dataRecordWrite, readDataRecord } from '../../../core/vulnerabilities/data-record.ts';
import { lineageOf } from '../../../core/vulnerabilities/lineage.ts';
import { standingWrite } from '../../../core/vulnerabilities/standing.ts';
import { openBench, type RetentionBench, RetentionWorld } from '../retention/retention-world.ts';

const dataDigest = 'd'.repeat(64);
let bench: RetentionBench;
let world: RetentionWorld;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await RetentionWorld.open(bench);
  const at = world.ports.clock.now().toISOString();
  const known = { digest: dataDigest, storedAt: at, takenAt: at, forms: [], advisories: 1, releases: [], files: [] };
  const data = { ...known, skipped: { count: 0, examples: [] } };
  const before = await readDataRecord(bench.table);
  await bench.table.transact([dataRecordWrite({ checkedAt: at, replaced: [], data }, before?.version)]);
  await setRebuildSettings(world.ports, world.actor, { automatic: true, severity: 'high', mostPerDay: 100 });
});

/** An image of which a scan by the data that there is has found something with a fix. */
async function image(name: string): Promise<string> {
  const id = await world.image([`bytes of ${name}`], name);
  const build = (await findBuild(bench.table, id))?.value;
  if (build === undefined) throw new Error('the build is missing');
  const write = standingWrite(
    {
      ...{ buildId: id, tenantId: world.tenantId, name, lineage: lineageOf(build), scanId: `scn_${name}`, dataDigest },
      at: world.ports.clock.now().toISOString(),
      rebuild: {
        ...{ severity: 'high', fixable: 1, packageCount: 1 },
        packages: [
          {
            ...{ source: 'bash', installed: '1', fixedIn: '2', severity: 'high' },
            ...{ advisories: ['CVE-2026-0001'], advisoryCount: 1 },
          },
        ],
      },
    },
    { findings: [] },
  );
  await bench.table.transact([write]);
  return id;
}

const again: Prepare = (build, rebuild) =>
  retryOf(bench.table, build, {
    ...{ keyId: 'system', rebuild },
    check: (stored) => resolvedSpecSchema.parse(stored),
  });
const run = (prepare = again, cursor?: string, within = 60_000) =>
  rebuildTenant(
    world.ports,
    world.tenantId,
    { dataDigest, ...(cursor === undefined ? {} : { cursor }) },
    { within, prepare },
  );
const made = async () =>
  (await listBuilds(bench.table, world.tenantId, { limit: 100 })).builds.filter(({ rebuild }) => rebuild !== undefined);
const told = async (type: string) => {
  const shards = Array.from({ length: 8 }, (_, shard) =>
    bench.table.query({ partition: `OUTBOX#${shard}`, limit: 1_000 }),
  );
  const records = (await Promise.all(shards)).flatMap((page) => page.records.map(({ data }) => data));
  return records.filter((data) => data.type === type && data.tenantId === world.tenantId);
};

describe('a run over the images of a tenant', () => {
  it('goes on by an event when its time is over, until each has had its turn', async () => {
    for (let count = 0; count < 23; count += 1) await image(`image-${count}`);
    const first = await run(again, undefined, 0);
    expect(first).toMatchObject({ goesOn: true, refused: 0, errors: [] });
    expect(first.submitted).toHaveLength(10);
    const cursors = (await told('vulnerabilities.rebuild')).flatMap(({ detail }) =>
      typeof detail === 'object' && detail !== null && 'cursor' in detail ? [String(detail.cursor)] : [],
    );
    expect(cursors).toHaveLength(1);
    const second = await run(again, cursors[0]);
    expect([second.goesOn, second.submitted.length, (await made()).length]).toEqual([false, 13, 23]);
    expect(new Set((await made()).map(({ retryOf: of }) => of)).size).toBe(23);
    expect((await run()).submitted).toEqual([]);
    expect(await told('rebuild.submitted')).toHaveLength(23);
  });

  it('does all the others where one fails as nobody foresaw, or as it passes; that one is not counted as tried', async () => {
    const [broken, busy] = [await image('broken'), await image('busy')];
    await image('whole');
    const prepare: Prepare = (build, cause) => {
      if (build.id === broken) throw new TypeError('odd');
      if (build.id === busy) throw new EngineError('service.unavailable', 'later');
      return again(build, cause);
    };
    const { submitted, refused, errors } = await run(prepare);
    expect([submitted.length, refused, errors.length]).toEqual([1, 0, 2]);
    for (const name of ['broken', 'busy']) {
      const base = (await findBuild(bench.table, broken))?.value.base;
      expect(await readAttempt(bench.table, world.tenantId, lineageOf({ name, base }))).toEqual({});
    }
    expect((await run()).submitted).toHaveLength(2);
  });

  it('writes down once that one was refused, and counts it for the day', async () => {
    await setRebuildSettings(world.ports, world.actor, { automatic: true, severity: 'high', mostPerDay: 1 });
    const [one, other] = [await image('one'), await image('other')];
    const refuses: Prepare = () => {
      throw new EngineError('spec.invalid', 'The spec has 1 error(s).', {
        fields: [{ path: 'base.release', code: 'spec.unsupported', reason: 'it is gone', remedy: 'Take another.' }],
      });
    };
    expect(await run(refuses)).toMatchObject({ submitted: [], refused: 1, errors: [] });
    expect(await run()).toMatchObject({ submitted: [], refused: 0 });
    const [refusal, ...more] = await told('rebuild.refused');
    expect([refusal?.detail, more]).toMatchObject([{ code: 'spec.invalid', severity: 'high' }, []]);
    world.pass(1);
    // The image that was refused has its turn again only after a day, as the other one has its first.
    expect((await run()).submitted).toHaveLength(1);
    world.pass(1);
    expect((await run()).submitted).toHaveLength(1);
    expect(new Set((await made()).map(({ retryOf: of }) => of))).toEqual(new Set([one, other]));
  });

  it('does nothing during maintenance, nor by other data than there is', async () => {
    await image('edge');
    await beginMaintenance(world.ports, world.actor, { reason: 'a disk' });
    expect(await run()).toMatchObject({ submitted: [], errors: [] });
    await endMaintenance(world.ports, world.actor);
    const other = { dataDigest: 'e'.repeat(64) };
    const by = { within: 1_000, prepare: again };
    expect(await rebuildTenant(world.ports, world.tenantId, other, by)).toMatchObject({ submitted: [] });
    expect((await run()).submitted).toHaveLength(1);
  });
});
