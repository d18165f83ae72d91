import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uploadExpiryIndex } from '../../../core/builds/keys.ts';
import { artifactPlace } from '../../../core/builds/places.ts';
import { artifactWrite } from '../../../core/builds/stage-repository.ts';
import { sha256 } from '../../../core/digest.ts';
import { scheduleEnvelope } from '../../../core/events/envelope.ts';
import { utf8 } from '../../../core/json.ts';
import type { Table } from '../../../core/ports/table.ts';
import { listCleanups } from '../../../core/retention/cleanup-record.ts';
import { needContent } from '../../../core/retention/content.ts';
import {
  contentRemovalPlace,
  contentRemovals,
  imagePlace,
  retentionBookPlace,
} from '../../../core/retention/places.ts';
import { retentionPolicyContentSchema } from '../../../core/retention/policy.ts';
import { setRetentionPolicy } from '../../../core/retention/policy-repository.ts';
import { removeArtifacts } from '../../../core/retention/trash.ts';
import { handle as evictCache } from '../../../functions/events/evict-cache/evict-cache.ts';
import { handle as reapTasks } from '../../../functions/events/reap-tasks/reap-tasks.ts';
import { interrupted, Killed } from './interrupted.ts';
import { openBench, type RetentionBench, type RetentionPortsUnderTest, RetentionWorld } from './retention-world.ts';

let bench: RetentionBench;
let world: RetentionWorld;
beforeEach(async () => {
  bench = await openBench();
  world = await RetentionWorld.open(bench);
});
afterEach(() => bench.close());

const expireAll = (of: RetentionWorld) =>
  setRetentionPolicy(of.ports, of.actor, 'all', retentionPolicyContentSchema.parse({ expire: { afterDays: 0 } }));
const trash = (of: RetentionWorld, id: string) => removeArtifacts(of.ports, of.reach, id, of.actor);
const broken = () => Promise.reject(new Error('the disk is broken'));

/** Ports whose table does as it is told before each of its calls. */
function through(
  ports: RetentionPortsUnderTest,
  before: (partitions: readonly string[], call: keyof Table) => Promise<void> | undefined,
): RetentionPortsUnderTest {
  const table: Table = {
    get: async (key) => {
      await before([key.partition], 'get');
      return ports.table.get(key);
    },
    query: async (query) => {
      await before([query.partition], 'query');
      return ports.table.query(query);
    },
    transact: async (writes) => {
      await before(
        writes.map(({ key }) => `${key.partition} ${key.sort}`),
        'transact',
      );
      return ports.table.transact(writes);
    },
  };
  return { ...ports, table };
}

describe('a cleanup of which a part fails', () => {
  it('removes the rest, tells all in its report, and ends the call with the error', async () => {
    await expireAll(world);
    const [bad, good] = [await world.image(['bad']), await world.image(['good'])];
    const { partition, sort } = imagePlace(bad);
    const ports = through(world.ports, (keys, call) =>
      call === 'transact' && keys.includes(`${partition} ${sort}`) && keys.length > 1 ? broken() : undefined,
    );
    const asked = { dryRun: false, tasks: ['images', 'trash'], owner: world.tenantId } as const;
    const id = await world.request(asked);
    await expect(world.tell(id, world.tenantId, ports)).rejects.toThrow('the disk is broken');
    const { record, entries } = await world.report(id, world.tenantId);
    expect(record).toMatchObject({ state: 'done', counts: [{ found: 2, removed: 1, failed: 1 }, { task: 'trash' }] });
    expect(entries.map(({ what, outcome, error }) => [what, outcome, error])).toEqual(
      expect.arrayContaining([
        [bad, 'failed', 'internal.error'],
        [good, 'removed', undefined],
      ]),
    );
    expect([await world.state(bad), await world.state(good)]).toEqual(['kept', 'trashed']);
  });

  it('looks at the rest where one place of the store cannot be looked at', async () => {
    const [bad, good] = ['bad', 'good'].map((content) => artifactPlace(world.tenantId, sha256(content)));
    for (const content of ['bad', 'good']) {
      const place = artifactPlace(world.tenantId, sha256(content));
      await world.ports.blobs.put(place, utf8(content), { contentType: 'application/octet-stream' });
    }
    await world.clean();
    world.pass(2);
    const { blobs } = world.ports;
    const head: typeof blobs.head = (place) => (place.path === bad?.path ? broken() : blobs.head(place));
    const id = await world.request({ dryRun: false, tasks: ['objects', 'staging'], owner: 'installation' });
    const ports = { ...world.ports, blobs: { ...blobs, head } };
    await expect(world.tell(id, 'installation', ports)).rejects.toThrow('the disk is broken');
    const { record, entries } = await world.report(id, 'installation');
    expect(record).toMatchObject({ state: 'done', counts: [{ removed: 1, failed: 1 }, { task: 'staging' }] });
    expect(entries.map(({ what, outcome }) => [what, outcome])).toEqual(
      expect.arrayContaining([
        [bad?.path, 'failed'],
        [good?.path, 'removed'],
      ]),
    );
  });

  it('has all other tenants have their turn, and the trash of all of them go', async () => {
    const others = [await RetentionWorld.open(bench), await RetentionWorld.open(bench)];
    const worlds = [world, ...others];
    const [, middle] = worlds.map(({ tenantId }) => tenantId).sort();
    const images = new Map<string, string>();
    for (const each of worlds) {
      await expireAll(each);
      images.set(each.tenantId, await each.image([each.tenantId]));
    }
    const book = retentionBookPlace(String(middle)).partition;
    const ports = through(world.ports, (keys) => (keys.includes(book) ? broken() : undefined));
    await expect(world.cleanOnSchedule(ports)).rejects.toThrow('the disk is broken');
    const states = () => Promise.all(worlds.map((each) => each.state(String(images.get(each.tenantId)))));
    const expected = (state: string) => worlds.map(({ tenantId }) => (tenantId === middle ? 'kept' : state));
    expect(await states()).toEqual(expected('trashed'));
    world.pass(8);
    await expect(world.cleanOnSchedule(ports)).rejects.toThrow('the disk is broken');
    expect(await states()).toEqual(expected('purged'));
  });

  it('tells of the cache although uploads cannot be read, and ends builders’ bytes although builders cannot', async () => {
    const { partition } = uploadExpiryIndex('', '', '');
    const ports = through(world.ports, (keys) => (keys.includes(partition) ? broken() : undefined));
    await expect(evictCache(ports, {})).rejects.toThrow('the disk is broken');
    const running = { ...world.ports, tasks: { running: broken, stop: async () => undefined } };
    await expect(reapTasks(running, {})).rejects.toThrow('the disk is broken');
    const { cleanups } = await listCleanups(bench.table, 'installation', { limit: 10 });
    expect(cleanups.map(({ counts }) => counts.map(({ task, error }) => [task, error])).reverse()).toEqual([
      [
        ['cache', undefined],
        ['uploads', 'internal.error'],
      ],
      [['builders', 'internal.error']],
    ]);
  });
});

describe('a cleanup that takes long', () => {
  it('begins with no removal shortly before its function ends, and goes on in the next', async () => {
    const ids = [];
    for (const content of ['1', '2', '3', '4', '5']) ids.push(await world.image([content]));
    for (const id of ids) await trash(world, id);
    world.pass(8);
    await world.clean({ tasks: ['images'] });
    const slow = through(world.ports, (keys, call) => {
      if (call === 'transact' && keys.some((key) => key.endsWith(' IMAGE'))) world.pass(200 / 86_400);
      return undefined;
    });
    const { record } = await world.clean({ tasks: ['trash'] }, slow);
    expect(record.counts).toMatchObject([{ found: 5, removed: 2, failed: 0, more: true }]);
    expect((await world.clean({ tasks: ['trash'] })).record.counts).toMatchObject([{ removed: 3, more: false }]);
  });

  it('leaves the tenants that it does not come to for the next', async () => {
    const worlds = [world, await RetentionWorld.open(bench), await RetentionWorld.open(bench)];
    const turns: string[] = [];
    const slow = through(world.ports, (keys, call) => {
      const [, tenantId] = /^RETENTION#(\S+)$/.exec(keys[0] ?? '') ?? [];
      if (call !== 'get' || tenantId === undefined || turns.at(-1) === tenantId) return undefined;
      turns.push(tenantId);
      world.pass(400 / 86_400);
      return undefined;
    });
    await world.cleanOnSchedule(slow);
    expect(turns).toHaveLength(2);
    await world.cleanOnSchedule(slow);
    expect([...turns].sort()).toEqual(worlds.map(({ tenantId }) => tenantId).sort());
  });
});

describe('a removal of bytes that was cut short', () => {
  /** An image's bytes whose function is killed when it has said that it removes them. */
  async function cutShort(content: string): Promise<void> {
    const id = await world.image([content]);
    await trash(world, id);
    world.pass(8);
    await world.clean({ tasks: ['images'] });
    const mark = contentRemovalPlace(world.tenantId, sha256(content));
    for (let killedAt = 0; (await bench.table.get(mark)) === undefined; killedAt += 1) {
      const asked = await world.request({ dryRun: false, tasks: ['trash'], owner: world.tenantId });
      await expect(
        world.tell(asked, world.tenantId, interrupted(world.ports, { killedAt, meanwhile: undefined })),
      ).rejects.toThrow(Killed);
    }
  }

  it('is finished by who makes the same bytes anew, once it is nobody’s any more', async () => {
    await cutShort('x');
    const again = await world.begin();
    const needs = () =>
      needContent(world.ports, { tenantId: world.tenantId, workId: again, kind: 'artifact' }, [sha256('x')]);
    await expect(needs()).rejects.toMatchObject({ code: 'service.unavailable' });
    world.pass(21 / 1_440);
    await needs();
    expect(await world.make(again, 'x')).toBe(true);
    await world.end(again);
    await world.clean();
    expect(await world.lost(again)).toEqual([]);
  });

  it('is finished by the run that comes each five minutes', async () => {
    await cutShort('y');
    expect(await reapTasks(world.ports, scheduleEnvelope('tick', new Date(world.now)))).toMatchObject({ removed: 0 });
    world.pass(21 / 1_440);
    expect(await reapTasks(world.ports, scheduleEnvelope('tick', new Date(world.now)))).toMatchObject({ removed: 1 });
    expect(await world.ports.blobs.head(artifactPlace(world.tenantId, sha256('y')))).toBeUndefined();
    expect(await world.make(await world.begin(), 'y')).toBe(true);
  });
});

describe('a tenant of which not all is written down', () => {
  it('has nothing removed, and a dry run says so, while it cannot be', async () => {
    await expireAll(world);
    const id = await world.begin();
    const digest = sha256('x');
    await bench.table.transact([
      artifactWrite(id, {
        ...{ name: 'x.tar', type: 'tar', step: 'tar', size: 1, sha256: digest, mediaType: 'application/x-tar' },
      }),
    ]);
    await world.end(id);
    const at = new Date(world.now).toISOString();
    const { tenantId } = world;
    const key = contentRemovalPlace(tenantId, digest);
    const indexes = { byState: contentRemovals(at, tenantId, digest) };
    await bench.table.transact([{ kind: 'put', key, data: { at, tenantId, digest }, indexes }]);
    for (const dryRun of [true, false]) {
      const { record, entries } = await world.clean({ dryRun });
      expect([entries, record.counts.map(({ error }) => error?.split(':')[0])]).toEqual([
        ...[[], ['retention.indexing', 'retention.indexing']],
      ]);
    }
    await bench.table.transact([{ kind: 'delete', key }]);
    const listed = (await world.clean({ dryRun: true })).entries.map(({ what }) => what);
    expect([listed, (await world.clean()).entries.map(({ what }) => what)]).toEqual([[id], [id]]);
  });
});
