import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { resumeOf } from '../../core/builds/resume.ts';
import { type BuildLock, lockFile } from '../../core/lock/build-lock.ts';
import { isRecorded, lockDigestOf, readLock, storeLock } from '../../core/lock/lock-store.ts';
import type { ArchiveState } from '../../core/plan/archive-state.ts';
import { resolveSpec } from '../../core/spec/resolve.ts';
import { specSchema } from '../../core/spec/schema.ts';
import { samplePackage } from '../core/lock/lock-samples.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';

const tenant = 'ten_1';
const base = [samplePackage('apt', { priority: 'important' }), samplePackage('bash')];
const members = { packages: { install: ['nginx'] }, outputs: [{ type: 'tar' as const }] };
/** The archive a day later. */
const moved: ArchiveState = {
  suites: archive.suites.map((suite) => ({
    ...suite,
    indexes: { 'main/binary-amd64/Packages': 'e'.repeat(64) },
    date: suite.date + 86_400,
  })),
};

let plane: ControlPlane;
let lock: BuildLock;
let digest: string;
let firstId: string;
beforeAll(async () => {
  plane = await openControlPlane(archive);
});
afterAll(() => plane.close());
beforeEach(() => {
  plane.agent.scripts.clear();
  plane.agent.scripts.set('bootstrap', [{ taken: base }]);
  plane.agent.scripts.set('packages', [{ taken: [samplePackage('nginx')] }]);
  plane.agent.began.length = 0;
  plane.gone.clear();
});

const build = async (more: object = {}, tenantId = tenant) =>
  plane.ended((await plane.submit(specWith({ ...members, ...more }), {}, tenantId)).id);
const keysOf = async (id: string) =>
  (await loadPlan(plane.ports.blobs, id)).steps.map((step) => [step.id, step.key, step.scope]);

describe('a lock', () => {
  it('is kept when a build has succeeded, and known as the engine’s own', async () => {
    const ended = await build();
    expect(ended.failure).toBeUndefined();
    firstId = ended.id;
    digest = (await lockDigestOf(plane.ports.table, ended.id)) ?? '';
    const stored = await readLock(plane.ports.blobs, tenant, digest);
    if (stored === undefined) throw new Error('there is no lock');
    lock = stored;
    expect(lockFile(lock).sha256).toBe(digest);
    expect(lock.archive).toEqual(archive);
    expect(lock.steps.map(({ step, packages }) => [step, packages.map(({ name }) => name)])).toEqual([
      ['bootstrap', ['apt', 'bash']],
      ['packages', ['nginx']],
    ]);
    expect(await isRecorded(plane.ports.table, digest)).toBe(true);
    expect(await readLock(plane.ports.blobs, 'ten_2', digest)).toBeUndefined();
    // Of the cache alone the same comes out.
    const again = await build();
    expect(await lockDigestOf(plane.ports.table, again.id)).toBe(digest);
  });

  it('is not there of a build with layers that tell nothing, nor of one that failed', async () => {
    plane.agent.scripts.set('bootstrap', [{}]);
    plane.archive = moved;
    const silent = await build();
    expect([silent.state, await lockDigestOf(plane.ports.table, silent.id)]).toEqual(['succeeded', undefined]);
    plane.agent.scripts.set('script', [{ fails: 'script.failed' }]);
    const failed = await build({ steps: [{ id: 'script', run: 'false' }] });
    expect([failed.state, await lockDigestOf(plane.ports.table, failed.id)]).toEqual(['failed', undefined]);
  });

  it('gives the steps of its build after the archive has moved on, and none of the archive’s own', async () => {
    plane.archive = moved;
    const unlocked = await build();
    const locked = await build({ lock: digest });
    expect([unlocked.failure, locked.failure]).toEqual([undefined, undefined]);
    expect(await keysOf(locked.id)).toEqual(await keysOf(firstId));
    expect(await keysOf(unlocked.id)).not.toEqual(await keysOf(firstId));
    expect(locked.stages.flatMap(({ steps }) => steps.map(({ hit }) => hit))).not.toContain(false);
    expect(await lockDigestOf(plane.ports.table, locked.id)).toBe(digest);
  });

  it('ends the build before anything begins where packages that it needs are gone, and names them', async () => {
    plane.archive = moved;
    for (const one of [...base, samplePackage('nginx')]) plane.gone.add(one.sha256);
    // Another package step: its base is cached, and needs no package any more.
    const ended = await build({ lock: digest, packages: { install: ['nginx'], recommends: true } });
    expect([ended.state, ended.failure?.code, ended.failure?.reason]).toEqual([
      'failed',
      'lock.packages_gone',
      'Neither the cache nor the archive has apt 1.0, bash 1.0, nginx 1.0 any more.',
    ]);
    expect([plane.agent.began, ended.stages]).toEqual([[], []]);
    // What is all in the cache needs none.
    expect((await build({ lock: digest })).failure).toBeUndefined();
  });

  it('that a tenant has written shares nothing, and finds nothing that is shared', async () => {
    const steps = lock.steps.map((step) => ({
      ...step,
      packages: step.packages.map((one) => (one.name === 'bash' ? { ...one, sha256: '9'.repeat(64) } : one)),
    }));
    const forged = await storeLock(plane.ports.blobs, tenant, { ...lock, steps });
    const ended = await build({ lock: forged });
    expect(ended.failure).toBeUndefined();
    const plan = await loadPlan(plane.ports.blobs, ended.id);
    expect(new Set(plan.steps.map(({ scope }) => scope))).toEqual(new Set(['tenant']));
    expect(new Set(plan.stages.map(({ trust }) => trust))).toEqual(new Set(['tenant', 'seal']));
    expect(plane.agent.began.length).toBe(plan.steps.length);
    // Its own lock is recorded as what it is: a tenant's.
    const own = (await lockDigestOf(plane.ports.table, ended.id)) ?? '';
    const made = await readLock(plane.ports.blobs, tenant, own);
    expect(made?.steps.map(({ trust }) => trust)).toEqual(['tenant', 'tenant']);
    const from = await build({ lock: own });
    const again = await loadPlan(plane.ports.blobs, from.id);
    expect(new Set(again.steps.map(({ scope }) => scope))).toEqual(new Set(['tenant']));
  });

  it('that is gone, or has other bytes, ends the build', async () => {
    const absent = await build({ lock: '1'.repeat(64) });
    expect(absent.failure?.code).toBe('lock.not_found');
    const stranger = await build({ lock: digest }, 'ten_3');
    expect(stranger.failure?.code).toBe('lock.not_found');
  });

  it('stays with a build that is resumed', async () => {
    plane.archive = moved;
    plane.agent.scripts.set('script', [{ fails: 'script.failed' }, {}]);
    const failed = await build({ lock: digest, steps: [{ id: 'script', run: 'true' }] });
    expect(failed.failure?.code).toBe('script.failed');
    const record = (await findBuild(plane.ports.table, failed.id))?.value;
    if (record === undefined) throw new Error('the build is gone');
    const check = (stored: unknown) => resolveSpec(specSchema.parse(stored));
    const submission = await resumeOf(plane.ports.table, record, { keyId: 'key_1', archive: 'latest', check });
    const resumed = await plane.ended((await plane.submit(submission.spec, submission.run)).id);
    expect(resumed.failure).toBeUndefined();
    expect(await keysOf(resumed.id)).toEqual(await keysOf(failed.id));
  });
});
