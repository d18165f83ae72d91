import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { specKey } from '../../../core/builds/keys.ts';
import { sha256 } from '../../../core/digest.ts';
import { lockWrites } from '../../../core/lock/lock-store.ts';
import type { Table } from '../../../core/ports/table.ts';
import { requestCleanup } from '../../../core/retention/cleanup-record.ts';
import { lookForExpired } from '../../../core/retention/expired-images.ts';
import type { CleanupTask } from '../../../core/retention/finding.ts';
import { placeHold, releaseHold } from '../../../core/retention/holds.ts';
import { installationOwner, referencePlace, trashPartitions } from '../../../core/retention/places.ts';
import { type RetentionPolicyContent, retentionPolicyContentSchema } from '../../../core/retention/policy.ts';
import { setRetentionPolicy } from '../../../core/retention/policy-repository.ts';
import { readProtections } from '../../../core/retention/protection.ts';
import { lookForPurgeable } from '../../../core/retention/purge.ts';
import { lockPinWrites, referenceWrites } from '../../../core/retention/references.ts';
import { removeArtifacts, restoreArtifacts, tagArtifacts, theBuild } from '../../../core/retention/trash.ts';
import { templatePlace } from '../../../core/templates/places.ts';
import { openBench, type RetentionBench, RetentionWorld } from './retention-world.ts';

let bench: RetentionBench;
let world: RetentionWorld;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await RetentionWorld.open(bench);
  await world.clean();
});

const trash = (id: string) => removeArtifacts(world.ports, world.reach, id, world.actor);
const policy = (content: Partial<RetentionPolicyContent>) =>
  setRetentionPolicy(world.ports, world.actor, 'all', retentionPolicyContentSchema.parse(content));
const hold = async (build: string) =>
  (await placeHold(world.ports, world.reach, { build, reason: 'case' }, { actor: world.actor, remember: () => [] })).id;
const emptied = (): Promise<unknown> => world.clean({ tasks: ['trash'], owner: installationOwner });

/** Ports whose table takes its time, on the clock of the test, and counts what it is asked. */
function slow(milliseconds: number) {
  const asked = { reads: 0 };
  const took = <T>(answer: T): T => {
    asked.reads += 1;
    world.now += milliseconds;
    return answer;
  };
  const table: Table = {
    get: (key) => took(bench.table.get(key)),
    query: (query) => took(bench.table.query(query)),
    transact: (writes) => bench.table.transact(writes),
  };
  return { asked, ports: { ...world.ports, table } };
}

describe('the trash of all tenants', () => {
  it('is looked at for a while only, and what is held in it once a day, so that nobody waits for somebody else', async () => {
    const held: string[] = [];
    for (let at = 0; at < 12; at += 1) held.push(await world.image([`held ${at}`]));
    const free = await world.image(['free']);
    for (const id of held) {
      await trash(id);
      await hold(id);
    }
    world.pass(0.01);
    await trash(free);
    world.pass(8);
    // So slow that one look gets through a few of them.
    const { ports } = slow(9_000);
    const stopped: boolean[] = [];
    while (stopped.at(-1) !== false && stopped.length < 20) {
      const look = await lookForPurgeable(ports, { now: new Date(world.now), most: 2_000 });
      for (const chore of look.chores ?? []) await chore();
      for (const finding of look.findings) await finding.remove();
      stopped.push(look.more === true);
    }
    expect(await world.state(free)).toBe('purged');
    expect(stopped[0]).toBe(true);
    // What is held is left alone for a day, and purged once nobody holds it any more.
    const { asked, ports: counted } = slow(0);
    await lookForPurgeable(counted, { now: new Date(world.now), most: 2_000 });
    expect(asked.reads).toBe(trashPartitions.length);
    for (const id of held) expect(await world.state(id)).toBe('trashed');
    const [first = ''] = held;
    await releaseHold(world.ports, world.actor, (await holdOf(first)) ?? '', 'over');
    world.pass(1.1);
    await emptied();
    expect(await world.state(first)).toBe('purged');
  });
});

async function holdOf(buildId: string): Promise<string | undefined> {
  const { protections } = await readProtections(bench.table, await theBuild(bench.table, buildId));
  return protections.find(({ reason }) => reason === 'hold')?.by;
}

describe('a cleanup on request', () => {
  const ask = (owner: string = world.tenantId) =>
    requestCleanup(
      world.ports,
      { owner, tasks: ['images'] as CleanupTask[], dryRun: true },
      { actor: world.actor, remember: () => [] },
    );

  it('is one at a time for each owner, until it has its report or no function can be about it any more', async () => {
    const { id } = await ask();
    await expect(ask()).rejects.toMatchObject({
      ...{ code: 'cleanup.running', retryAfterSeconds: 10, extensions: { cleanupId: id } },
    });
    await ask('somebody else');
    await world.tell(id, world.tenantId);
    await ask();
    world.now += 1_200_000;
    await ask();
  });
});

describe('a restored image', () => {
  it('is not taken again by the policy that took it before as long as the trash would have kept it', async () => {
    await policy({ expire: { afterDays: 1 } });
    const id = await world.image(['x']);
    world.pass(2);
    await world.clean();
    expect(await world.state(id)).toBe('trashed');
    await restoreArtifacts(world.ports, world.reach, id, world.actor);
    await world.clean();
    expect(await world.state(id)).toBe('kept');
    world.pass(6.9);
    await world.clean();
    expect(await world.state(id)).toBe('kept');
    world.pass(0.2);
    await world.clean();
    expect(await world.state(id)).toBe('trashed');
  });
});

describe('an image beyond the newest', () => {
  it('stays where a newer one is none of the policy any more when it is to go', async () => {
    await policy({ select: { tags: ['n'] }, expire: { beyondNewest: 1 } });
    const old = await world.image(['1']);
    world.pass(1);
    const newer = await world.image(['2']);
    const tag = (id: string, tags: string[]) =>
      tagArtifacts(world.ports, world.reach, id, { actor: world.actor, tags });
    for (const id of [old, newer]) await tag(id, ['n']);
    const { findings } = await lookForExpired(world.ports, world.tenantId, { now: new Date(world.now), most: 10 });
    expect(findings.map(({ what }) => what)).toEqual([old]);
    await tag(newer, []);
    expect(await findings[0]?.remove()).toBe(false);
    expect(await world.state(old)).toBe('kept');
  });
});

describe('what protects an image', () => {
  it('is no template whose lock it was made from itself: only the image that the lock was taken from', async () => {
    const [taken, nightly] = [await world.image(['x']), await world.image(['y'])];
    const { tenantId } = world;
    const lock = sha256('the lock');
    const at = new Date(world.now).toISOString();
    const template = {
      ...{ id: 'tpl_1', tenantId, memberId: 'mem_1', name: 'n', description: '', tags: [], visibility: 'tenant' },
      ...{ latest: 1, createdAt: at, changedAt: at },
    };
    for (const id of [taken, nightly]) await bench.table.transact(lockWrites({ id, tenantId }, lock));
    const spec = await bench.table.get(specKey(nightly));
    await bench.table.transact([
      { kind: 'put', key: templatePlace('tpl_1'), data: template },
      ...lockPinWrites(tenantId, 'tpl_1', { lock }),
      { kind: 'put', key: specKey(nightly), data: { ...spec?.data, lock } },
    ]);
    const reasons = async (id: string) =>
      (await readProtections(bench.table, await theBuild(bench.table, id))).protections.map(({ reason }) => reason);
    expect([await reasons(taken), await reasons(nightly)]).toEqual([['template'], []]);
  });

  it('is forgotten once it protects no more, by whoever looks next', async () => {
    await policy({ expire: { afterDays: 0, beyondNewest: 1 } });
    const [id] = [await world.image(['x']), await world.image(['y'])];
    const other = await world.image(['z']);
    await bench.table.transact(referenceWrites(id, { kind: 'build', id: other, how: 'retried' }, undefined).slice(1));
    const { partition } = referencePlace(id, '', '');
    const references = async () => (await bench.table.query({ partition, limit: 10 })).records.length;
    expect(await references()).toBe(1);
    await world.clean({ tasks: ['images'] });
    expect(await references()).toBe(0);
  });
});
