import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import { lockWrites } from '../../../core/lock/lock-store.ts';
import type { TableWrite } from '../../../core/ports/table.ts';
import { type CleanupRecord, listEntries, storeReport } from '../../../core/retention/cleanup-record.ts';
import { imagePlace, indexedPlace } from '../../../core/retention/places.ts';
import { retentionPolicyContentSchema } from '../../../core/retention/policy.ts';
import { setRetentionPolicy } from '../../../core/retention/policy-repository.ts';
import { bodyPlace, templateNamePlace, templatePlace } from '../../../core/templates/places.ts';
import { openBench, type RetentionBench, RetentionWorld } from './retention-world.ts';

let bench: RetentionBench;
let world: RetentionWorld;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await RetentionWorld.open(bench);
  const all = retentionPolicyContentSchema.parse({ expire: { afterDays: 0 } });
  await setRetentionPolicy(world.ports, world.actor, 'all', all);
});

/** A template as it was published before it wrote down the locks that its versions name. */
async function templateOfBefore(name: string, lock: string): Promise<string> {
  const id = `tpl_${name.toUpperCase().padEnd(26, 'Z')}`;
  const at = new Date(world.now).toISOString();
  const { tenantId } = world;
  const template = {
    ...{ id, tenantId, memberId: 'mem_1', name, description: '', tags: [], visibility: 'tenant', latest: 1 },
    ...{ createdAt: at, changedAt: at },
  };
  const writes: TableWrite[] = [
    { kind: 'put', key: templateNamePlace(tenantId, name), data: { templateId: id } },
    { kind: 'put', key: templatePlace(id), data: template },
    { kind: 'put', key: bodyPlace(id, 1), data: { parameters: {}, spec: { name, lock } } },
  ];
  await bench.table.transact(writes);
  return id;
}

/** An image with a lock of its own. */
async function lockedImage(content: string): Promise<{ readonly id: string; readonly lock: string }> {
  const id = await world.image([content]);
  const lock = sha256(id);
  await bench.table.transact(lockWrites({ id, tenantId: world.tenantId }, lock));
  return { id, lock };
}

describe('what a tenant has from before', () => {
  it('is written down before a dry run, which lists what a run removes', async () => {
    const id = await world.image(['x']);
    await bench.table.transact([{ kind: 'delete', key: imagePlace(id) }]);
    const { entries } = await world.clean({ dryRun: true });
    expect(entries.map(({ what, outcome }) => [what, outcome])).toEqual([[id, 'found']]);
    expect((await world.clean()).entries.map(({ what, outcome }) => [what, outcome])).toEqual([[id, 'removed']]);
  });

  it('protects the builds whose locks its templates name', async () => {
    const [named, late, free] = [await lockedImage('named'), await lockedImage('late'), await lockedImage('free')];
    // More than one call looks at.
    for (let at = 0; at < 30; at += 1) await templateOfBefore(`a${at}`, sha256(`nobody’s ${at}`));
    await templateOfBefore('a', named.lock);
    await templateOfBefore('z', late.lock);
    expect((await world.clean({ dryRun: true })).entries.map(({ what }) => what)).toEqual([free.id]);
    expect((await world.clean()).entries.map(({ what }) => what)).toEqual([free.id]);
    expect([await world.state(named.id), await world.state(late.id)]).toEqual(['kept', 'kept']);
  });

  it('protects them too where all builds were written down before templates were', async () => {
    const { id, lock } = await lockedImage('x');
    await templateOfBefore('b', lock);
    await bench.table.transact([{ kind: 'put', key: indexedPlace(world.tenantId), data: { complete: true } }]);
    expect((await world.clean()).entries).toEqual([]);
    expect(await world.state(id)).toBe('kept');
  });
});

describe('a report that is written twice', () => {
  it('lists what the later one has, and not what the longer one before left', async () => {
    const record: CleanupRecord = {
      ...{ id: 'cln_twice', owner: world.tenantId, tasks: ['images'], dryRun: true, state: 'requested' },
      ...{ requestedAt: new Date(world.now).toISOString(), counts: [], listed: 0 },
    };
    const listed = async (count: number) => {
      const entries = Array.from({ length: count }, (_, at) => ({
        ...{ task: 'images' as const, what: `bld_${at}`, why: ['all'], outcome: 'found' as const },
      }));
      const stored = await storeReport(world.ports, record, { counts: [], entries, startedAt: new Date(world.now) });
      const all: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listEntries(bench.table, stored, cursor);
        all.push(...page.entries.map(({ what }) => what));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return all.length;
    };
    expect([await listed(250), await listed(120), await listed(100), await listed(0)]).toEqual([250, 120, 100, 0]);
  });
});
