import { expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { resumeOf, retryOf } from '../../core/builds/resume.ts';
import { submitBuild } from '../../core/builds/submit-build.ts';
import type { ArchiveState } from '../../core/plan/archive-state.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

const spec = specWith({
  steps: [
    { id: 'fourth', run: 'echo 4' },
    { id: 'fifth', run: 'echo 5' },
  ],
  outputs: [{ type: 'tar' }],
});
/** The archive as it is a day later. */
const moved: ArchiveState = { suites: archive.suites.map((suite) => ({ ...suite, date: suite.date + 86_400 })) };

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

async function failedBuild(hostname: string) {
  plane.agent.scripts.set('fifth', [{ fails: 'script.failed' }, {}]);
  const build = await plane.submit({ ...spec, system: { ...spec.system, hostname } });
  expect((await plane.ended(build.id)).state).toBe('failed');
  plane.agent.began.length = 0;
  const found = await findBuild(plane.ports.table, build.id);
  if (found === undefined) throw new Error('the build is gone');
  return found.value;
}
const ran = (id: string) =>
  plane.agent.began.filter((entry) => entry.startsWith(id)).map((entry) => entry.split(' ')[1]);
const again = { keyId: 'key_1', check: (stored: unknown) => resolvedSpecSchema.parse(stored) };

it('a resumed build runs what was not done, though the archive has moved on since', async () => {
  const before = await failedBuild('moved');
  plane.archive = moved;
  const submission = await resumeOf(plane.ports.table, before, { ...again, archive: 'resumed' });
  const { build } = await submitBuild(plane.ports, submission);
  const ended = await plane.ended(build.id);
  expect([ended.state, ended.resumedFrom]).toEqual(['succeeded', before.id]);
  expect(ran(build.id)).toEqual(['fifth', 'tar']);
  expect((await loadPlan(plane.ports.blobs, build.id)).archive).toEqual(archive);
});

it('a resumed build that asks for the latest archive is planned with that', async () => {
  const before = await failedBuild('latest');
  plane.archive = moved;
  const submission = await resumeOf(plane.ports.table, before, { ...again, archive: 'latest' });
  const { build } = await submitBuild(plane.ports, submission);
  expect((await plane.ended(build.id)).state).toBe('succeeded');
  expect(ran(build.id)).toContain('bootstrap');
  expect((await loadPlan(plane.ports.blobs, build.id)).archive).toEqual(moved);
});

it('a resumed build of a changed spec runs from the first changed step on', async () => {
  const before = await failedBuild('changed');
  const [fourth, fifth] = spec.steps;
  if (fourth === undefined || fifth === undefined) throw new Error('the spec has two steps');
  const changed = {
    ...spec,
    system: { ...spec.system, hostname: 'changed' },
    steps: [{ ...fourth, run: 'echo four' }, fifth],
  };
  const submission = await resumeOf(plane.ports.table, before, {
    ...again,
    archive: 'resumed',
    given: { spec: changed },
  });
  const { build } = await submitBuild(plane.ports, submission);
  expect((await plane.ended(build.id)).state).toBe('succeeded');
  expect(ran(build.id)).toEqual(['fourth', 'fifth', 'tar']);
});

it('a retried build is one of the same spec over the archive of now, and keeps going as the one before', async () => {
  const before = { ...(await failedBuild('retried')), keepGoing: true };
  plane.archive = moved;
  const { build } = await submitBuild(plane.ports, await retryOf(plane.ports.table, before, again));
  const ended = await plane.ended(build.id);
  expect(ended).toMatchObject({ state: 'succeeded', retryOf: before.id, keepGoing: true });
  expect((await loadPlan(plane.ports.blobs, build.id)).archive).toEqual(moved);
});

it('is refused for a build that runs or succeeded', async () => {
  const build = await plane.submit({ ...spec, system: { ...spec.system, hostname: 'refused' } });
  const refusal = resumeOf(plane.ports.table, build, { ...again, archive: 'resumed' });
  await expect(refusal).rejects.toMatchObject({ code: 'build.not_resumable' });
  await expect(retryOf(plane.ports.table, build, again)).rejects.toMatchObject({ code: 'build.not_ended' });
  expect((await plane.ended(build.id)).state).toBe('succeeded');
  const over = (await findBuild(plane.ports.table, build.id))?.value ?? build;
  await expect(resumeOf(plane.ports.table, over, { ...again, archive: 'resumed' })).rejects.toThrow('succeeded');
  expect(await retryOf(plane.ports.table, over, again)).toMatchObject({ run: { retryOf: build.id } });
});
