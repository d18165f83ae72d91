import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { wholeTenant } from '../../core/access/reach.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { blobPlace } from '../../core/builds/places.ts';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { resumeOf, retryOf } from '../../core/builds/resume.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { submitBuild } from '../../core/builds/submit-build.ts';
import { neededResults } from '../../core/cache/needed-results.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import { listVerifications, type VerificationRecord, verificationOf } from '../../core/verify/verification.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

const spec = specWith({
  steps: [
    { id: 'one', run: 'echo 1' },
    { id: 'two', run: 'echo 2' },
  ],
  outputs: [{ type: 'iso' }, { type: 'tar' }],
});

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

async function recordOf(id: string): Promise<BuildRecord> {
  const found = await findBuild(plane.ports.table, id);
  if (found === undefined) throw new Error('the build is gone');
  return found.value;
}
async function builtOf(hostname: string): Promise<BuildRecord> {
  const build = await plane.submit({ ...spec, system: { ...spec.system, hostname } });
  expect((await plane.ended(build.id)).state).toBe('succeeded');
  plane.agent.began.length = 0;
  return recordOf(build.id);
}
async function startVerification(build: BuildRecord): Promise<BuildRecord> {
  const { toolchain } = plane.ports.installation;
  const submission = await verificationOf(plane.ports, build, { keyId: 'key_1', toolchain });
  return (await submitBuild(plane.ports, submission)).build;
}
async function verified(build: BuildRecord): Promise<{ ended: BuildDetail; found: VerificationRecord | undefined }> {
  const { id } = await startVerification(build);
  const ended = await plane.ended(id);
  return {
    ended,
    found: (await listVerifications(plane.ports.table, build.id, 20)).find(({ build: by }) => by === id),
  };
}
const ran = (id: string) =>
  plane.agent.began.filter((entry) => entry.startsWith(id)).map((entry) => entry.split(' ')[1]);
/** Layers that the tenant's cache has for a build, by step. */
async function cachedLayers(build: BuildRecord) {
  const plan = await loadPlan(plane.ports.blobs, build.id);
  const results = plan.steps.map(async (step) => {
    const found = await findResult(plane.ports.table, scopeOf(step, build.tenantId), step.key);
    return [step.id, found?.layer?.digest, found?.buildId] as const;
  });
  return Promise.all(results);
}

it('a verification does every step again by the same plan, finds the same, and leaves the cache as it was', async () => {
  const build = await builtOf('same');
  const before = await cachedLayers(build);
  const { ended, found } = await verified(build);
  expect(ended).toMatchObject({ state: 'succeeded', purpose: 'verify', verifies: build.id });
  expect(ended.planDigest).toBe(build.planDigest);
  const plan = await loadPlan(plane.ports.blobs, build.id);
  expect(ran(ended.id).sort()).toEqual(plan.steps.map(({ id }) => id).sort());
  expect(found).toMatchObject({ build: ended.id, verdict: 'identical' });
  expect(found?.artifacts.map(({ step, same }) => [step, same])).toEqual([
    ['iso', true],
    ['tar', true],
  ]);
  const layers = plan.steps.filter(({ produces }) => produces === 'layer').map(({ id }) => ({ step: id, same: true }));
  expect(found?.layers).toEqual(layers);
  expect([found?.first, found?.incomplete]).toEqual([undefined, undefined]);
  expect(await cachedLayers(build)).toEqual(before);
  for (const step of plan.steps) expect(await findResult(plane.ports.table, ended.id, step.key)).toBeUndefined();
});

it('one that makes something else says at which step, and nobody gets what it made', async () => {
  const build = await builtOf('other');
  const before = await cachedLayers(build);
  plane.agent.scripts.set('one', [{ makes: ' at another time' }]);
  const { ended, found } = await verified(build);
  expect([ended.state, found?.verdict]).toEqual(['succeeded', 'different']);
  expect(found?.layers.filter(({ same }) => !same)).toEqual([{ step: 'one', same: false }]);
  expect(found?.incomplete).toBeUndefined();
  expect(found?.first).toMatchObject({ step: 'one', count: 2 });
  expect(found?.first?.files.map(({ before, after }) => [before?.type, after?.type])).toEqual([
    ['directory', undefined],
    [undefined, 'directory'],
  ]);
  expect(await cachedLayers(build)).toEqual(before);
  const again = await plane.submit({ ...spec, system: { ...spec.system, hostname: 'other' } });
  expect((await plane.ended(again.id)).state).toBe('succeeded');
  expect(ran(again.id)).toEqual([]);
  // A second one is as good as the first.
  plane.agent.scripts.clear();
  expect((await verified(build)).found?.verdict).toBe('identical');
  expect((await listVerifications(plane.ports.table, build.id, 20)).map(({ verdict }) => verdict)).toEqual([
    'identical',
    'different',
  ]);
});

it('one that names what was evicted of the build compares the rest', async () => {
  const build = await builtOf('evicted');
  const step = planStep(await loadPlan(plane.ports.blobs, build.id), 'two');
  const layer = (await findResult(plane.ports.table, build.tenantId, step.key))?.layer;
  await plane.ports.blobs.delete(blobPlace(build.tenantId, layer?.index ?? ''));
  plane.agent.scripts.set('two', [{ makes: ' else' }]);
  const { found } = await verified(build);
  expect(found).toMatchObject({ verdict: 'different', incomplete: { code: 'layer.evicted' } });
  expect(found?.incomplete?.detail).toContain('step two');
});

it('one that fails has no verdict; it cannot be resumed, and a retry of it is a build like any other', async () => {
  const build = await builtOf('failing');
  plane.agent.scripts.set('two', [{ fails: 'archive.gone' }]);
  const { ended, found } = await verified(build);
  expect([ended.state, ended.failure?.code, found]).toEqual(['failed', 'archive.gone', undefined]);
  expect(ran(ended.id)).toContain('one');
  const { steps } = await loadPlan(plane.ports.blobs, ended.id);
  for (const { key } of steps) expect(await findResult(plane.ports.table, ended.id, key)).toBeUndefined();
  const record = await recordOf(ended.id);
  const again = { keyId: 'key_1', check: (stored: unknown) => resolvedSpecSchema.parse(stored) };
  const resume = resumeOf(plane.ports.table, record, { ...again, archive: 'resumed' });
  await expect(resume).rejects.toMatchObject({ code: 'build.not_resumable' });
  const retry = await retryOf(plane.ports.table, record, again);
  expect(retry.run).toEqual({ retryOf: ended.id });
});

it('while it runs, what it made is not evicted', async () => {
  const build = await builtOf('running');
  plane.agent.scripts.set('two', [{ milliseconds: 60_000 }]);
  const { id } = await startVerification(build);
  while (!plane.agent.began.includes(`${id} two`)) await sleep(20);
  const needed = await neededResults(plane.ports);
  const plan = await loadPlan(plane.ports.blobs, id);
  const key = plan.steps.find((step) => step.id === 'bootstrap')?.key;
  expect([...(needed ?? [])].filter((name) => name.includes(id) && name.includes(key ?? '-'))).toHaveLength(1);
  plane.agent.scripts.set('two', [{}]);
  await requestCancel(plane.ports, wholeTenant(build.tenantId), id);
  expect((await plane.ended(id)).state).toBe('cancelled');
});

it('is refused for a build that has made nothing, is a verification, or was made with other tools', async () => {
  const build = await builtOf('refused');
  const by = { keyId: 'key_1', toolchain: plane.ports.installation.toolchain };
  for (const state of ['running', 'failed'] as const) {
    const refusal = verificationOf(plane.ports, { ...build, state }, by);
    await expect(refusal).rejects.toMatchObject({ code: 'build.not_succeeded' });
  }
  for (const other of [{ purpose: 'verify', verifies: 'bld_1' }, { purpose: 'warm' }] as const) {
    const refusal = verificationOf(plane.ports, { ...build, ...other }, by);
    await expect(refusal).rejects.toMatchObject({ code: 'verify.no_image' });
  }
  const unplanned = verificationOf(plane.ports, { ...build, id: 'bld_none' }, by);
  await expect(unplanned).rejects.toMatchObject({ code: 'build.not_planned' });
  const changed = verificationOf(plane.ports, build, { ...by, toolchain: 'd'.repeat(64) });
  await expect(changed).rejects.toMatchObject({ code: 'verify.toolchain_changed', status: 409 });
});
