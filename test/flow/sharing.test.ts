import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findBuild } from '../../core/builds/build-repository.ts';
import { loadPlan, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult, listAttempts } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import { readLease } from '../../core/quota/lease.ts';
import { leasePlace } from '../../core/quota/places.ts';
import { claimKey } from '../../core/sharing/places.ts';
import { workOf } from '../../core/sharing/work-of.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import type { Build } from '../../sdk/generated/types.gen.ts';
import { samplePackage } from '../core/lock/lock-samples.ts';
import { archive, twoScripts } from '../core/plan/plan-fixtures.ts';
import { type Caller, type OpenedApi, openApiOver, until } from '../support/callers.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../support/teams.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let api: OpenedApi;
let one: Caller;
let other: Caller;
beforeAll(async () => {
  api = await openApiOver(plane.ports);
  [one, other] = [await api.caller('one'), await api.caller('other')];
});
afterAll(() => api.close());

const start = (caller: Caller, hostname: string, run: { keepGoing?: boolean; force?: boolean } = {}) =>
  caller.startBuild({ text: JSON.stringify(twoScripts(hostname)), mediaType: 'application/json' }, run);
const many = (count: number, make: () => Promise<Build>) => Promise.all(Array.from({ length: count }, make));
const recordOf = async (id: string) => {
  const found = await findBuild(plane.ports.table, id);
  if (found === undefined) throw new Error('the build is gone');
  return found.value;
};
/** A build once it is over, as its owner sees it. What polls here asks the table: fifty that ask the API are a load. */
const ended = async (caller: Caller, { id }: { readonly id: string }) => {
  await until(async () => (await recordOf(id)).endedAt !== undefined);
  return caller.getStatus(id);
};
/** Builds in whose name a builder did a step. */
const worked = (step: string) =>
  plane.agent.began.filter((entry) => entry.endsWith(` ${step}`)).map((entry) => entry.split(' ')[0]);
const leaseOf = async (id: string) => {
  const record = await plane.ports.table.get(leasePlace(one.tenantId, id));
  return record === undefined ? undefined : readLease(record).lease;
};
/** A work that is at its first script for as long as that, with builds that share it. */
async function sharedWork(hostname: string, count: number, run: { keepGoing?: boolean } = {}) {
  plane.agent.scripts.set('first', [{ milliseconds: 1_000 }]);
  const leader = await start(one, hostname, run);
  await until(() => worked('first').includes(leader.id));
  const sharers = await many(count, () => start(one, hostname, run));
  await until(async () =>
    (await Promise.all(sharers.map(({ id }) => recordOf(id)))).every(({ state }) => state === 'running'),
  );
  return { leader, sharers };
}
// Seconds each on a quiet machine.
describe('fifty builds of one spec that are asked for at once', { timeout: 120_000 }, () => {
  it('are one execution and fifty records, each with all that was made', async () => {
    plane.agent.scripts.set('bootstrap', [
      { taken: [samplePackage('apt', { priority: 'important' }), samplePackage('bash')] },
    ]);
    plane.agent.scripts.set('packages', [{ taken: [samplePackage('nginx')] }]);
    plane.agent.scripts.set('first', [{ milliseconds: 300 }]);
    const started = await many(50, () => start(one, 'fifty'));
    const builds = await Promise.all(started.map((build) => ended(one, build)));
    expect(new Set(builds.map(({ id }) => id)).size).toBe(50);
    expect(builds.map(({ state, percent, failure }) => [state, percent, failure])).toEqual(
      new Array(50).fill(['succeeded', 100, undefined]),
    );
    const leaders = builds.filter(({ sharedWith }) => sharedWith === undefined);
    expect(leaders).toHaveLength(1);
    const [leader] = leaders;
    expect(new Set(builds.map(({ sharedWith, id }) => sharedWith ?? id))).toEqual(new Set([leader?.id]));
    for (const step of ['bootstrap', 'first', 'second', 'tar']) expect(worked(step)).toEqual([leader?.id]);
    const artifacts = await Promise.all(
      builds.map(async ({ id }) => {
        const [file] = await one.builds.listArtifacts(id);
        const response = await fetch(`${api.url}/v1/builds/${id}/artifacts/${file?.name}`, {
          headers: { authorization: `Bearer ${one.apiKey}` },
        });
        return { sha256: file?.sha256, read: sha256(new Uint8Array(await response.arrayBuffer())) };
      }),
    );
    expect(artifacts).toHaveLength(50);
    for (const { sha256: told, read } of artifacts)
      expect([told, read]).toEqual([artifacts[0]?.sha256, artifacts[0]?.sha256]);
    for (const { id, stages, evidence, estimate, startedAt = '', submittedAt } of builds) {
      expect(stages).toEqual(leader?.stages);
      expect(evidence.map(({ sha256: digest }) => digest)).toEqual(
        leader?.evidence.map(({ sha256: digest }) => digest),
      );
      expect(evidence.every(({ downloadUrl }) => downloadUrl.includes(`/v1/builds/${id}/`))).toBe(true);
      expect(estimate?.actual).toEqual(leader?.estimate?.actual);
      expect(startedAt >= submittedAt).toBe(true);
      expect(plane.typesOf(id)).toEqual(['build.submitted', 'build.queued', 'build.started', 'build.succeeded']);
    }
    const [sharer] = builds.filter(({ sharedWith }) => sharedWith !== undefined);
    expect(await one.builds.readLogs(sharer?.id ?? '')).toEqual(await one.builds.readLogs(leader?.id ?? ''));
    expect((await one.builds.readLogs(sharer?.id ?? '')).complete).toBe(true);
    expect(await one.builds.readLock(sharer?.id ?? '')).toEqual(await one.builds.readLock(leader?.id ?? ''));
    const diff = await one.builds.diff(leader?.id ?? '', sharer?.id ?? '');
    expect([diff.sharedLayers, diff.files.entries]).toEqual([diff.after.layers, []]);
  });

  it('of two tenants are two executions, which share no private layer', async () => {
    const callers = [one, other];
    const started = await many(25, () => start(one, 'two-tenants'));
    const foreign = await many(25, () => start(other, 'two-tenants'));
    const builds = await Promise.all([
      ...started.map((build) => ended(one, build)),
      ...foreign.map((build) => ended(other, build)),
    ]);
    expect(builds.map(({ state }) => state)).toEqual(new Array(50).fill('succeeded'));
    const leaders = builds.filter(({ sharedWith }) => sharedWith === undefined);
    expect(leaders).toHaveLength(2);
    for (const step of ['first', 'second', 'tar'])
      expect(worked(step).sort()).toEqual(leaders.map(({ id }) => id).sort());
    for (const [position, { tenantId }] of callers.entries()) {
      const own = builds.slice(position * 25, position * 25 + 25);
      const leader = own.find(({ sharedWith }) => sharedWith === undefined);
      expect(new Set(own.map(({ sharedWith, id }) => sharedWith ?? id))).toEqual(new Set([leader?.id]));
      const plan = await loadPlan(plane.ports.blobs, leader?.id ?? '');
      const secret = plan.steps.filter(({ scope }) => scope !== 'shared');
      expect(secret.map(({ id }) => id)).toEqual(expect.arrayContaining(['first', 'second', 'tar']));
      for (const step of secret) {
        expect(await findResult(plane.ports.table, scopeOf(step, tenantId), step.key)).toMatchObject({
          buildId: leader?.id,
        });
      }
      const stranger = callers[1 - position]?.tenantId ?? '';
      const read = (await listAttempts(plane.ports.table, leader?.id ?? '')).flatMap(({ value }) =>
        Object.values(value.blobs),
      );
      expect(read.some((path) => path.includes(tenantId))).toBe(true);
      expect(read.filter((path) => path.includes(stranger))).toEqual([]);
    }
    const mine = builds[0]?.id ?? '';
    await expect(other.getStatus(mine)).rejects.toMatchObject({ problem: { code: 'build.not_found' } });
  });
});

describe('a build that shares the work of another', { timeout: 60_000 }, () => {
  it('holds no slot, is told its progress, and fails with the same failure', async () => {
    plane.agent.scripts.set('second', [{ fails: 'script.failed' }]);
    const { leader, sharers } = await sharedWork('fails', 2);
    const shown = await one.getStatus(sharers[0]?.id ?? '');
    expect(shown).toMatchObject({ state: 'running', sharedWith: leader.id });
    expect(shown.stages.find(({ steps }) => steps.some(({ id }) => id === 'first'))?.state).toBe('running');
    expect((await recordOf(shown.id)).holdsSlot).toBeUndefined();
    expect((await recordOf(leader.id)).holdsSlot).toBe(true);
    const builds = await Promise.all([leader, ...sharers].map((build) => ended(one, build)));
    for (const build of builds) expect(build.failure).toEqual(builds[0]?.failure);
    expect(builds.map(({ state, failure }) => [state, failure?.code, failure?.step])).toEqual(
      new Array(3).fill(['failed', 'script.failed', 'second']),
    );
    for (const { id } of sharers) {
      expect(plane.typesOf(id)).toEqual(['build.submitted', 'build.queued', 'build.started', 'build.failed']);
    }
  });

  it('leaves alone, and the others go on', async () => {
    const { leader, sharers } = await sharedWork('leaves', 2);
    const [leaving, staying] = sharers;
    await one.builds.cancel(leaving?.id ?? '');
    const left = await ended(one, { id: leaving?.id ?? '' });
    expect(left.state).toBe('cancelled');
    expect((await one.getStatus(leader.id)).state).toBe('running');
    expect((await ended(one, leader)).state).toBe('succeeded');
    expect((await ended(one, { id: staying?.id ?? '' })).state).toBe('succeeded');
    expect(await one.builds.listArtifacts(left.id)).toEqual([]);
    expect((await one.builds.readLogs(left.id)).complete).toBe(true);
    expect(worked('second')).toEqual([leader.id]);
  });

  it('is left its work where the build that began it is cancelled', async () => {
    const { leader, sharers } = await sharedWork('withdrawn', 2);
    expect(await one.builds.cancel(leader.id)).toMatchObject({
      state: 'cancelled',
      ended: true,
      cancelRequested: true,
    });
    expect(await one.getStatus(leader.id)).toMatchObject({ state: 'cancelled', evidence: [] });
    expect((await one.builds.list({ state: 'cancelled' }).page()).builds.map(({ id }) => id)).toContain(leader.id);
    // Who comes now shares the work too.
    const late = await start(one, 'withdrawn');
    const builds = await Promise.all([...sharers, late].map((build) => ended(one, build)));
    expect(builds.map(({ state, sharedWith }) => [state, sharedWith])).toEqual(
      new Array(3).fill(['succeeded', leader.id]),
    );
    for (const { id } of builds) expect(await one.builds.listArtifacts(id)).toHaveLength(1);
    expect((await recordOf(leader.id)).outcome).toBe('succeeded');
    // Its builders' time counts as the work's, and its image as nobody's.
    await until(async () => (await leaseOf(leader.id))?.state === 'settled');
    expect((await leaseOf(leader.id))?.shares.map(({ quota }) => quota)).not.toContain('images');
    await until(async () => (await leaseOf(late.id))?.state === 'settled');
    expect((await leaseOf(late.id))?.shares.map(({ quota }) => quota)).toEqual([
      'buildsPerDay',
      'images',
      'storedBytes',
    ]);
    expect(await one.getStatus(leader.id)).toMatchObject({ state: 'cancelled', evidence: [] });
    expect(await one.builds.listArtifacts(leader.id)).toEqual([]);
    expect(plane.typesOf(leader.id)).toEqual([
      'build.submitted',
      'build.queued',
      'build.started',
      'build.cancelled',
      'work.ended',
    ]);
    await expect(one.builds.retry(leader.id)).resolves.toMatchObject({ retryOf: leader.id });
  });

  it('ends the work with it, where it is the last one', async () => {
    const { leader, sharers } = await sharedWork('nobody', 1);
    await one.builds.cancel(leader.id);
    await one.builds.cancel(sharers[0]?.id ?? '');
    await until(async () => (await recordOf(leader.id)).outcome === 'cancelled');
    expect((await ended(one, { id: sharers[0]?.id ?? '' })).state).toBe('cancelled');
    await sleep(100);
    expect(worked('second')).toEqual([]);
    expect(plane.typesOf(leader.id).slice(-3)).toEqual(['build.cancelled', 'work.unwanted', 'work.ended']);
  });

  it('may be the build that left it, resumed', async () => {
    const { leader, sharers } = await sharedWork('resumes', 1);
    await one.builds.cancel(leader.id);
    const again = await one.builds.resume(leader.id);
    expect(await ended(one, again)).toMatchObject({
      state: 'succeeded',
      sharedWith: leader.id,
      resumedFrom: leader.id,
    });
    expect((await ended(one, { id: sharers[0]?.id ?? '' })).state).toBe('succeeded');
  });
});

describe('builds of two teams', { timeout: 60_000 }, () => {
  it('share one execution, and each is reached by its own team alone', async () => {
    const operator = await principalWith(plane.ports, one.apiKey);
    const members = await Promise.all(
      ['red', 'blue'].map(async (name) => {
        const teamId = await teamOfTenant(plane.ports, operator, name);
        const { text } = await keyInTeams(plane.ports, operator, { [teamId]: ['builder'] });
        return { teamId, text, client: new LinuxBuilderClient({ url: api.url, apiKey: text }) };
      }),
    );
    plane.agent.scripts.set('first', [{ milliseconds: 1_000 }]);
    const builds: { id: string; client: LinuxBuilderClient }[] = [];
    for (const { teamId, text, client } of members) {
      const response = await fetch(`${api.url}/v1/builds?team=${teamId}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
        body: JSON.stringify(twoScripts('teams')),
      });
      expect(response.status).toBe(202);
      const { id } = z.object({ id: z.string() }).parse(await response.json());
      builds.push({ id, client });
      await until(async () => (await recordOf(id)).state !== 'submitted' && (await recordOf(id)).state !== 'planning');
    }
    await until(async () => (await Promise.all(builds.map(({ id }) => recordOf(id)))).every((build) => build.endedAt));
    const [red, blue] = builds;
    expect((await recordOf(blue?.id ?? '')).sharesWith).toBe(red?.id);
    expect(worked('first')).toEqual([red?.id]);
    for (const { id, client } of builds) {
      expect((await client.getStatus(id)).state).toBe('succeeded');
      expect(await client.builds.listArtifacts(id)).toHaveLength(1);
      expect((await client.builds.readLogs(id)).complete).toBe(true);
      const [foreign = ''] = builds.map((build) => build.id).filter((other) => other !== id);
      await expect(client.getStatus(foreign)).rejects.toMatchObject({ problem: { code: 'build.not_found' } });
    }
  });
});

describe('what shares nothing', { timeout: 60_000 }, () => {
  it('is a build that is forced, one that keeps going, and one that comes later', async () => {
    const { leader, sharers } = await sharedWork('apart', 1);
    const apart = [await start(one, 'apart', { force: true }), await start(one, 'apart', { keepGoing: true })];
    const builds = await Promise.all([leader, ...sharers, ...apart].map((build) => ended(one, build)));
    expect(builds.map(({ state }) => state)).toEqual(new Array(4).fill('succeeded'));
    expect(builds.map(({ sharedWith }) => sharedWith)).toEqual([undefined, leader.id, undefined, undefined]);
    const late = await ended(one, await start(one, 'apart'));
    expect([late.state, late.sharedWith]).toEqual(['succeeded', undefined]);
    expect(late.stages.flatMap(({ steps }) => steps).every(({ hit }) => hit)).toBe(true);
    const verification = await one.builds.verify(sharers[0]?.id ?? '');
    expect((await ended(one, verification)).sharedWith).toBeUndefined();
    expect(await one.builds.listVerifications(sharers[0]?.id ?? '')).toMatchObject([{ verdict: 'identical' }]);
    const identity = (await recordOf(leader.id)).sharing ?? '-';
    expect(await plane.ports.table.get(claimKey(one.tenantId, identity))).toBeUndefined();
    expect(workOf(await recordOf(late.id))).toBe(late.id);
  });
});
