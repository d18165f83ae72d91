import { beforeEach, describe, expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';
import { reservePlanned } from '../../../core/quota/gate.ts';
import { ownerOfTeam } from '../../../core/quota/places.ts';
import { releaseStored, releaseWrites, settleLeases } from '../../../core/quota/settlement.ts';
import { madeImage, openQuotaWorld, plannedImage, type QuotaWorld } from './quota-world.ts';

let world: QuotaWorld;
beforeEach(async () => {
  world = await openQuotaWorld();
});

describe('a build', () => {
  it('holds what its plan needs until it has ended, and then what it came to', async () => {
    const id = await madeImage(world);
    const today = { 'buildsPerDay#2026-11-26': 1 };
    expect(await world.counted(world.tenantId)).toEqual({
      ...today,
      ...{ 'buildMinutesPerMonth#2026-11-26': 5, 'images#all': 1, 'storedBytes#all': 700 },
    });
    expect(await settleLeases(world.table, id)).toBe(true);
    expect(await settleLeases(world.table, id)).toBe(false);
    expect(await world.counted(world.tenantId)).toEqual({
      ...today,
      ...{ 'buildMinutesPerMonth#2026-11-26': 3, 'images#all': 1, 'storedBytes#all': 500 },
    });
  });

  it('counts for its team as for its tenant', async () => {
    await settleLeases(world.table, await madeImage(world, { teamId: 'tem_1' }));
    await settleLeases(world.table, await madeImage(world));
    expect(await world.counted(ownerOfTeam(world.tenantId, 'tem_1'))).toMatchObject({ 'storedBytes#all': 500 });
    expect(await world.counted(world.tenantId)).toMatchObject({ 'storedBytes#all': 1_000, 'images#all': 2 });
  });

  it('is refused at its gate where its team has no room, and takes nothing of its tenant then', async () => {
    await world.limit(ownerOfTeam(world.tenantId, 'tem_1'), { storedBytes: 699 });
    const build = await world.submit(world.table, { teamId: 'tem_1' });
    await expect(reservePlanned(world, build, plannedImage)).rejects.toMatchObject({
      ...{ code: 'quota.exceeded', status: 403 },
      extensions: { quota: 'storedBytes', of: 'team', limit: 699, used: 0, requested: 700 },
    });
    expect(await world.counted(world.tenantId)).toEqual({ 'buildsPerDay#2026-11-26': 1 });
    await expect(reservePlanned(world, build, { ...plannedImage, storedBytes: 699 })).resolves.toBeUndefined();
  });

  it('gives back what its artifacts took, once', async () => {
    const id = await madeImage(world);
    await settleLeases(world.table, id);
    expect(await releaseStored(world.table, id)).toBe(true);
    expect(await releaseStored(world.table, id)).toBe(false);
    expect(await world.counted(world.tenantId)).toEqual({
      'buildsPerDay#2026-11-26': 1,
      'buildMinutesPerMonth#2026-11-26': 3,
    });
  });

  it('of the engine’s own warming counts for nobody', async () => {
    await world.limit(world.tenantId, { buildsPerDay: 0 });
    const build = await world.submit(world.table, { purpose: 'warm' });
    await reservePlanned(world, build, plannedImage);
    expect(await world.counted(world.tenantId)).toEqual({});
    await expect(world.submit()).rejects.toMatchObject({ code: 'quota.exceeded' });
  });

  it('that runs, or that nobody knows, is not settled, and one that ended once is not again', async () => {
    const build = await world.submit();
    await reservePlanned(world, build, plannedImage);
    await world.run(build, { minutes: 3, bytes: 500 });
    const before = await world.counted(world.tenantId);
    expect(await settleLeases(world.table, build.id)).toBe(false);
    expect(await settleLeases(world.table, 'bld_none')).toBe(false);
    expect(await releaseStored(world.table, 'bld_none')).toBe(false);
    expect(await world.counted(world.tenantId)).toEqual(before);
  });

  it('that made nothing holds no image, and one that is cancelled before it starts no minute', async () => {
    const none = await world.submit();
    await reservePlanned(world, none, plannedImage);
    await world.run(none, { minutes: 2, bytes: 0 });
    await endBuild({ ...world, ids: createIds(world.clock) }, none.id, 'cancelled');
    await settleLeases(world.table, none.id);
    const waiting = await world.submit();
    await reservePlanned(world, waiting, plannedImage);
    await endBuild({ ...world, ids: createIds(world.clock) }, waiting.id, 'cancelled');
    await settleLeases(world.table, waiting.id);
    expect(await world.counted(world.tenantId)).toEqual({
      ...{ 'buildsPerDay#2026-11-26': 2, 'buildMinutesPerMonth#2026-11-26': 2 },
    });
  });

  it('gives its artifacts back with who removes them, and not where its lease has changed meanwhile', async () => {
    const id = await madeImage(world, { teamId: 'tem_1' });
    await settleLeases(world.table, id);
    const build = (await findBuild(world.table, id))?.value;
    if (build === undefined) throw new Error('the build is missing');
    const writes = await releaseWrites(world.table, build);
    await world.table.transact(writes);
    for (const owner of [world.tenantId, ownerOfTeam(world.tenantId, 'tem_1')]) {
      expect(await world.counted(owner)).not.toHaveProperty('images#all');
      expect(await world.counted(owner)).not.toHaveProperty('storedBytes#all');
    }
    await expect(world.table.transact(writes)).rejects.toThrow(ConditionFailed);
    expect(await releaseWrites(world.table, build)).toEqual([]);
    expect(await releaseWrites(world.table, { ...build, id: 'bld_none' })).toEqual([]);
  });
});
