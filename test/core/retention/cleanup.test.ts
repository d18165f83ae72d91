import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { outboxKey } from '../../../core/builds/keys.ts';
import { artifactPlace, scanPlace, scansPrefix } from '../../../core/builds/places.ts';
import { sha256 } from '../../../core/digest.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import { utf8 } from '../../../core/json.ts';
import { tenantQuotas } from '../../../core/quota/quota-view.ts';
import { getCleanup } from '../../../core/retention/cleanup-record.ts';
import { noteDownload } from '../../../core/retention/downloads.ts';
import { placeHold, releaseHold } from '../../../core/retention/holds.ts';
import { findImage } from '../../../core/retention/image.ts';
import { retentionPolicyContentSchema } from '../../../core/retention/policy.ts';
import { setRetentionPolicy } from '../../../core/retention/policy-repository.ts';
import { removeArtifacts, restoreArtifacts, tagArtifacts } from '../../../core/retention/trash.ts';
import { listScans, storeScan } from '../../../core/scans/scan-repository.ts';
import { handle } from '../../../functions/events/clean-up/clean-up.ts';
import { openBench, type RetentionBench, RetentionWorld } from './retention-world.ts';

let bench: RetentionBench;
let world: RetentionWorld;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await RetentionWorld.open(bench);
});

const policy = (name: string, content: object) =>
  setRetentionPolicy(world.ports, world.actor, name, retentionPolicyContentSchema.parse(content));
const trash = (id: string) => removeArtifacts(world.ports, world.reach, id, world.actor);
const restore = (id: string) => restoreArtifacts(world.ports, world.reach, id, world.actor);
const isStored = async (content: string) =>
  (await world.ports.blobs.head(artifactPlace(world.tenantId, sha256(content)))) !== undefined;
const used = async () => {
  const { quotas } = await tenantQuotas(world.ports, world.tenantId);
  return quotas.flatMap(({ quota, used }) => (quota === 'images' || quota === 'storedBytes' ? [used] : []));
};
const eventsOf = async (type: string) => {
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, shard) => bench.table.query({ partition: `OUTBOX#${shard}`, limit: 1_000 })),
  );
  return all
    .flatMap(({ records }) => records.map(({ data }) => data))
    .filter((data) => data.type === type && data.tenantId === world.tenantId);
};

const none = { found: 0, fixable: 0, waived: 0 };
/** Stores a scan of a build. */
async function scanOf(buildId: string, blobs = world.ports.blobs): Promise<string> {
  const build = (await findBuild(bench.table, buildId))?.value;
  if (build === undefined) throw new Error('the build is missing');
  const scan = await storeScan(
    { ...world.ports, blobs },
    build,
    {
      ...{ kind: 'vulnerabilities', cause: 'data', state: 'pass', data: 'd'.repeat(64), report: { build: buildId } },
      ...{ counts: { critical: none, high: none, medium: none, low: none, negligible: none, unknown: none } },
      ...{ undetermined: 0, failing: 0, waived: 0 },
    },
    { appeared: 0, gone: 0 },
  );
  return scan.id;
}

describe('a cleanup', () => {
  it('puts what is old into the trash, and a week later deletes its bytes and frees its quota', async () => {
    await policy('old', { expire: { afterDays: 30 } });
    const old = await world.image(['old bytes']);
    world.pass(20);
    const young = await world.image(['young bytes']);
    world.pass(10);
    const { entries, record } = await world.clean();
    expect(entries).toEqual([
      { task: 'images', what: old, tenant: world.tenantId, why: ['old'], bytes: 9, outcome: 'removed' },
    ]);
    expect(record).toMatchObject({ state: 'done', counts: [{ task: 'images', removed: 1, bytes: 9 }, { found: 0 }] });
    expect([await world.state(old), await world.state(young)]).toEqual(['trashed', 'kept']);
    expect([await isStored('old bytes'), await used()]).toEqual([true, [2, 20]]);
    world.pass(6.9);
    expect((await world.clean()).entries).toEqual([]);
    world.pass(0.2);
    expect((await world.clean()).entries).toMatchObject([{ task: 'trash', what: old, outcome: 'removed' }]);
    expect([await world.state(old), await isStored('old bytes'), await used()]).toEqual(['purged', false, [1, 11]]);
    await expect(restore(old)).rejects.toMatchObject({ code: 'artifact.purged' });
    expect([await world.state(young), await world.lost(young)]).toEqual(['kept', []]);
  });

  it('keeps the newest of each name, and counts what is protected among them', async () => {
    await policy('two', { expire: { beyondNewest: 2, per: 'name' } });
    const [a1, a2, b1] = [await world.image(['1'], 'a'), await world.image(['2'], 'a'), await world.image(['3'], 'b')];
    world.pass(1);
    const [a3, a4] = [await world.image(['4'], 'a'), await world.image(['5'], 'a')];
    const hold = { build: a2, reason: 'case' };
    const { id } = await placeHold(world.ports, world.reach, hold, { actor: world.actor, remember: () => [] });
    expect((await world.clean()).entries.map(({ what }) => what)).toEqual([a1]);
    await releaseHold(world.ports, world.actor, id, 'closed');
    expect((await world.clean()).entries.map(({ what }) => what)).toEqual([a2]);
    expect(await Promise.all([a3, a4, b1].map((kept) => world.state(kept)))).toEqual(['kept', 'kept', 'kept']);
  });

  it('goes by the last download, by tags, and by a policy that keeps whatever others say', async () => {
    await policy('unused', { expire: { unusedDays: 10 } });
    await policy('release', { select: { tags: ['release'] }, expire: null });
    const [plain, loaded, tagged] = [await world.image(['p']), await world.image(['l']), await world.image(['t'])];
    await tagArtifacts(world.ports, world.reach, tagged, { actor: world.actor, tags: ['release'] });
    world.pass(5);
    await noteDownload(world.ports, await findImage(bench.table, loaded));
    world.pass(6);
    expect((await world.clean()).entries.map(({ what }) => what)).toEqual([plain]);
    world.pass(6);
    expect((await world.clean()).entries.map(({ what }) => what)).toEqual([loaded]);
    expect(await world.state(tagged)).toBe('kept');
  });

  it('has no image, nor a tag, of a build whose files are not its own', async () => {
    const failed = await world.begin('edge', { tested: true });
    await world.make(failed, 'x');
    await world.end(failed, 'failed');
    const tag = tagArtifacts(world.ports, world.reach, failed, { actor: world.actor, tags: ['release'] });
    await expect(tag).rejects.toMatchObject({ code: 'retention.nothing_stored' });
    expect(await world.state(failed)).toBe('none');
  });

  it('deletes no bytes that another image stands on', async () => {
    const [one, other] = [await world.image(['same', 'own']), await world.image(['same'])];
    await trash(one);
    world.pass(8);
    await world.clean();
    expect([await world.state(one), await isStored('own'), await isStored('same')]).toEqual(['purged', false, true]);
    expect(await world.lost(other)).toEqual([]);
    await trash(other);
    world.pass(8);
    await world.clean();
    expect(await isStored('same')).toBe(false);
  });

  it('deletes no bytes of a work of which a build that shared it has its image still', async () => {
    const work = await world.begin();
    const sharer = await world.share(work);
    await world.make(work, 'shared');
    await world.end(work);
    await expect(trash(work)).rejects.toMatchObject({ code: 'retention.protected' });
    await world.end(sharer);
    await trash(work);
    world.pass(8);
    await world.clean();
    expect([await world.state(work), await world.state(sharer), await world.lost(sharer)]).toEqual([
      ...['purged', 'kept'],
      [],
    ]);
    await trash(sharer);
    world.pass(8);
    await world.clean();
    expect(await isStored('shared')).toBe(false);
  });

  it('deletes what scans of an image found with the last build that has it, and keeps that it was scanned', async () => {
    const work = await world.begin();
    const sharer = await world.share(work);
    await world.make(work, 'scanned');
    await world.end(work);
    await world.end(sharer);
    const first = await scanOf(work);
    const second = await scanOf(sharer);
    const reports = () =>
      Promise.all(
        [first, second].map(async (id) => (await world.ports.blobs.head(scanPlace(world.tenantId, id))) !== undefined),
      );
    await trash(work);
    world.pass(8);
    await world.clean();
    expect([await world.state(work), await reports()]).toEqual(['purged', [true, true]]);
    await trash(sharer);
    expect((await world.clean({ dryRun: true })).entries).toEqual([]);
    world.pass(8);
    await world.clean();
    expect([await world.state(sharer), await reports()]).toEqual(['purged', [false, false]]);
    const scans = await listScans(bench.table, { id: sharer, sharesWith: work }, 'vulnerabilities', 10);
    expect(scans.map(({ id }) => id)).toEqual([second, first]);
  });

  it('leaves nothing of a scan that is about to be stored when its image goes', async () => {
    const id = await world.image(['late']);
    await scanOf(id);
    await trash(id);
    const { blobs } = world.ports;
    const late: typeof blobs = {
      ...blobs,
      put: async (...given) => {
        const outcome = await blobs.put(...given);
        world.pass(8);
        await world.clean();
        return outcome;
      },
    };
    await expect(scanOf(id, late)).rejects.toMatchObject({ code: 'artifact.purged' });
    expect(await world.state(id)).toBe('purged');
    expect((await blobs.list('work', `${scansPrefix}${world.tenantId}/`)).paths).toEqual([]);
    expect(await listScans(bench.table, { id }, 'vulnerabilities', 10)).toHaveLength(1);
  });

  it('leaves in the trash what is held there, restorable with the same bytes', async () => {
    const id = await world.image(['precious']);
    await trash(id);
    const hold = { build: id, reason: 'case' };
    await placeHold(world.ports, world.reach, hold, { actor: world.actor, remember: () => [] });
    world.pass(400);
    expect((await world.clean()).entries).toEqual([]);
    await restore(id);
    expect([await world.state(id), await world.lost(id)]).toEqual(['kept', []]);
  });

  it('tells once, some days before, that an image expires', async () => {
    await policy('old', { expire: { afterDays: 30 } });
    const id = await world.image(['x']);
    world.pass(26);
    await world.clean();
    expect(await eventsOf('artifact.expiring')).toEqual([]);
    world.pass(1.5);
    await world.clean({ dryRun: true });
    expect(await eventsOf('artifact.expiring')).toEqual([]);
    await world.clean();
    await world.clean();
    const told = await eventsOf('artifact.expiring');
    expect(told).toMatchObject([{ detail: { buildId: id, expiresAt: '2026-12-26T12:00:00.000Z' } }]);
    expect(outboxKey(String(told[0]?.id)).partition).toMatch(/^OUTBOX#/);
  });

  it('finds files that no build has, when they are a day old, and only where all builds are known', async () => {
    const tasks = ['objects'] as const;
    const place = artifactPlace(world.tenantId, sha256('orphan'));
    await world.ports.blobs.put(place, utf8('orphan'), { contentType: 'application/octet-stream' });
    const kept = await world.image(['kept']);
    world.pass(2);
    const objects = async () => {
      const { entries } = await world.clean({ tasks, owner: 'installation' });
      return entries.filter(({ tenant }) => tenant === world.tenantId);
    };
    expect(await objects()).toEqual([]);
    await world.clean();
    expect(await objects()).toMatchObject([{ task: 'objects', what: place.path, why: ['orphan'], bytes: 6 }]);
    expect([await isStored('orphan'), await world.lost(kept)]).toEqual([false, []]);
  });

  it('ends builds that are stuck, and leaves those that wait', async () => {
    const [running, waiting] = [await world.begin(), await world.begin()];
    await world.change(waiting, { state: 'queued' });
    const entriesOf = async () => {
      const { entries } = await world.clean({ tasks: ['builds'], owner: 'installation' });
      return entries.filter(({ tenant }) => tenant === world.tenantId).map(({ what }) => what);
    };
    world.pass(6.9);
    expect(await entriesOf()).toEqual([]);
    world.pass(0.2);
    expect(await entriesOf()).toEqual([running]);
    expect((await findBuild(bench.table, running))?.value).toMatchObject({
      ...{ state: 'failed', failure: { code: 'build.stuck' } },
    });
    expect((await findBuild(bench.table, waiting))?.value.state).toBe('queued');
  });

  it('does what was asked for once, however often it is told', async () => {
    await policy('all', { expire: { afterDays: 0 } });
    const id = await world.image(['x']);
    const { record } = await world.clean();
    await restore(id);
    const event = {
      ...({ id: 'evt_1', type: 'cleanup.requested', version: 1 } as const),
      ...{ tenantId: world.tenantId, at: new Date(world.now).toISOString() },
      detail: { cleanupId: record.id, owner: world.tenantId },
    };
    expect(await handle(world.ports, eventEnvelope(event))).toEqual({ done: false });
    expect(await world.state(id)).toBe('kept');
    expect(await getCleanup(bench.table, world.tenantId, record.id)).toEqual(record);
  });
});
