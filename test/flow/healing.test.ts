import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { resultKey } from '../../core/builds/keys.ts';
import { artifactPlace, blobPlace } from '../../core/builds/places.ts';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { resumeOf } from '../../core/builds/resume.ts';
import { findResult, listArtifacts } from '../../core/builds/stage-repository.ts';
import { submitBuild } from '../../core/builds/submit-build.ts';
import { utf8 } from '../../core/json.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

const tenant = 'ten_1';
/** One stage: declarative steps and an export. */
const oneStage = (hostname: string, motd = 'hello') =>
  specWith({ system: { hostname }, files: [{ path: '/etc/motd', content: motd }], outputs: [{ type: 'tar' }] });
/** Three stages: the base, a script, the export. */
const threeStages = (hostname: string, run = 'echo one') =>
  specWith({ system: { hostname }, steps: [{ id: 'script', run }], outputs: [{ type: 'tar' }] });

async function build(spec: ResolvedSpec): Promise<BuildDetail> {
  plane.agent.began.length = 0;
  return plane.ended((await plane.submit(spec)).id);
}

async function resumed(before: BuildDetail): Promise<BuildDetail> {
  const found = await findBuild(plane.ports.table, before.id);
  if (found === undefined) throw new Error('the build is gone');
  plane.agent.began.length = 0;
  const check = (stored: unknown) => resolvedSpecSchema.parse(stored);
  const again = { keyId: 'key_1', archive: 'resumed', check } as const;
  const submission = await resumeOf(plane.ports.table, found.value, again);
  return plane.ended((await submitBuild(plane.ports, submission)).build.id);
}

/** What the steps of a build that began are called, in order. */
const ran = () => plane.agent.began.map((entry) => entry.split(' ')[1]);
const artifactOf = async (ended: BuildDetail) => (await listArtifacts(plane.ports.table, ended.id))[0]?.sha256;

/** The result of a step of a build, with where it is pointed to. */
async function resultOf(ended: BuildDetail, stepId: string) {
  const step = planStep(await loadPlan(plane.ports.blobs, ended.id), stepId);
  const scope = scopeOf(step, tenant);
  const result = await findResult(plane.ports.table, scope, step.key);
  return { key: resultKey(scope, step.key), scope, result, digest: result?.layer?.digest ?? '-' };
}

/** Changes a byte of a stored file; `quietly` as a worn disk does, which tells the file system nothing. */
function flip(path: string, quietly: boolean): void {
  const file = plane.fileOf(path);
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  chmodSync(file, 0o600);
  writeFileSync(file, bytes);
  if (quietly) utimesSync(file, atime, mtime);
}

describe('a stored layer that is not what its digest says', () => {
  it.each(['layer', 'index'] as const)(
    'is found before it is used where its file was written to: its %s',
    async (which) => {
      const spec = threeStages(`written-${which}`);
      const first = await build(spec);
      const { scope, result } = await resultOf(first, 'packages');
      const digest = (which === 'layer' ? result?.layer?.digest : result?.layer?.index) ?? '-';
      flip(blobPlace(scope, digest).path, false);
      const second = await build(threeStages(`written-${which}`, 'echo two'));
      expect(second.failure).toBeUndefined();
      expect(ran()).toEqual(['packages', 'system', 'script', 'tar']);
      expect((await resultOf(second, 'packages')).digest).toBe(result?.layer?.digest);
    },
  );

  it('is found also where the store holds other bytes under that name', async () => {
    const first = await build(threeStages('replaced'));
    const { scope, digest } = await resultOf(first, 'system');
    await plane.ports.blobs.put(blobPlace(scope, digest), utf8('other'), { contentType: 'text/plain' });
    const second = await build(threeStages('replaced', 'echo two'));
    expect(second.state).toBe('succeeded');
    expect(ran()).toEqual(['system', 'script', 'tar']);
    const stored = await plane.ports.blobs.head(blobPlace(scope, digest));
    expect(stored?.sha256).toBe(digest);
  });

  it('is refused by the builder where only reading tells, and made again by its own stage', async () => {
    const first = await build(oneStage('worn'));
    const { scope, digest } = await resultOf(first, 'packages');
    flip(blobPlace(scope, digest).path, true);
    const second = await build(oneStage('worn', 'changed'));
    expect(second.failure).toBeUndefined();
    expect(second.stages[0]?.attempts).toBe(2);
    expect(ran()).toEqual(['packages', 'system', 'files', 'tar']);
    expect((await resultOf(second, 'packages')).digest).toBe(digest);
    const clean = await build(oneStage('worn', 'changed'));
    expect([ran(), await artifactOf(clean)]).toEqual([[], await artifactOf(second)]);
  });

  it('ends the build where another stage made it, and a resume makes it again', async () => {
    const first = await build(threeStages('apart'));
    const { scope, digest, key } = await resultOf(first, 'packages');
    flip(blobPlace(scope, digest).path, true);
    const second = await build(threeStages('apart', 'echo two'));
    expect([second.state, second.failure?.code, second.failure?.step]).toEqual(['failed', 'layer.damaged', 'packages']);
    expect(second.failure?.reason).toContain(digest);
    expect(second.failure?.remedy).toContain('Resume');
    expect(await plane.ports.table.get(key)).toBeUndefined();
    expect(await plane.ports.blobs.head(blobPlace(scope, digest))).toBeUndefined();
    const third = await resumed(second);
    expect(third.state).toBe('succeeded');
    expect(ran()).toEqual(['packages', 'system', 'script', 'tar']);
    expect((await resultOf(third, 'packages')).digest).toBe(digest);
  });

  it('is an artifact: it is not handed out as cached, but made again', async () => {
    const first = await build(oneStage('artifact'));
    const sha256 = (await artifactOf(first)) ?? '-';
    await plane.ports.blobs.put(artifactPlace(tenant, sha256), utf8('other'), { contentType: 'text/plain' });
    const second = await build(oneStage('artifact'));
    expect([second.state, ran()]).toEqual(['succeeded', ['tar']]);
    expect((await plane.ports.blobs.head(artifactPlace(tenant, sha256)))?.sha256).toBe(sha256);
  });
});

describe('a builder that says so of what is sound', () => {
  it('takes nothing from anybody but what its own tenant’s code made', async () => {
    const spec = specWith({
      system: { hostname: 'lies' },
      steps: [
        { id: 'script', run: 'echo one' },
        { id: 'liar', run: 'echo two' },
      ],
      outputs: [{ type: 'tar' }],
    });
    plane.agent.scripts.set('liar', [{ refuses: true }]);
    const ended = await build(spec);
    expect([ended.state, ended.failure?.code]).toEqual(['failed', 'layer.damaged']);
    // Once more by another builder, as after any builder that is lost.
    expect(ran().filter((step) => step === 'liar')).toHaveLength(2);
    for (const step of ['bootstrap', 'packages', 'system']) {
      expect((await resultOf(ended, step)).result, step).toBeDefined();
    }
    plane.agent.scripts.clear();
    expect((await resumed(ended)).state).toBe('succeeded');
    expect(ran()).toEqual(['script', 'liar', 'tar']);
  });
});

it('a build that finds a need of its gone while it runs says so, and a resume makes it again', async () => {
  plane.agent.scripts.set('script', [{ milliseconds: 600 }]);
  const submitted = await plane.submit(threeStages('gone'));
  while (!plane.agent.began.includes(`${submitted.id} script`)) await new Promise((resolve) => setTimeout(resolve, 10));
  const plan = await loadPlan(plane.ports.blobs, submitted.id);
  const { key } = planStep(plan, 'packages');
  await plane.ports.table.transact([{ kind: 'delete', key: resultKey('shared', key) }]);
  const ended = await plane.ended(submitted.id);
  expect([ended.state, ended.failure?.code, ended.failure?.step]).toEqual(['failed', 'layer.damaged', 'packages']);
  expect((await resumed(ended)).state).toBe('succeeded');
});
