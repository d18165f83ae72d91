import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { wholeTenant } from '../../core/access/reach.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import { waitsUnderLimit } from '../../core/builds/stage-limit.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import type { Installation } from '../../core/tenancy/installation.ts';
import { handle as dispatchBuilds } from '../../functions/events/dispatch-builds/dispatch-builds.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';

/** A control plane that goes with the test. */
async function openWith(limits: Partial<Installation>): Promise<ControlPlane> {
  const plane = await openControlPlane(archive, limits);
  onTestFinished(() => plane.close());
  return plane;
}

const specOf = (hostname: string) =>
  specWith({ system: { hostname }, steps: [{ id: 'work', run: 'true' }], outputs: [{ type: 'tar' }] });

describe('builds at once', () => {
  it('stay below the caps of installation and tenant, however many dispatch at the same time', async () => {
    const plane = await openWith({ concurrentBuilds: 3, concurrentBuildsPerTenant: 2 });
    plane.agent.scripts.set('work', [{ milliseconds: 300 }]);
    const builds = [];
    for (let number = 0; number < 4; number += 1) builds.push(await plane.submit(specOf(`one-${number}`), {}, 'ten_1'));
    for (let number = 0; number < 2; number += 1) builds.push(await plane.submit(specOf(`two-${number}`), {}, 'ten_2'));
    const most = { all: 0, one: 0, two: 0 };
    const over = Promise.all(builds.map(({ id }) => plane.ended(id)));
    let going = true;
    void over.finally(() => {
      going = false;
    });
    while (going) {
      await Promise.all(Array.from({ length: 2 }, () => dispatchBuilds(plane.ports, {})));
      const found = await Promise.all(builds.map(({ id }) => findBuild(plane.ports.table, id)));
      const running = found.filter((build) => build?.value.state === 'running').map((build) => build?.value.tenantId);
      most.all = Math.max(most.all, running.length);
      most.one = Math.max(most.one, running.filter((tenant) => tenant === 'ten_1').length);
      most.two = Math.max(most.two, running.filter((tenant) => tenant === 'ten_2').length);
      await sleep(100);
    }
    expect((await over).map(({ state }) => state)).toEqual(Array(6).fill('succeeded'));
    // The second tenant's build runs though four of the first one came before it.
    expect(most).toEqual({ all: 3, one: 2, two: expect.any(Number) });
    expect(most.two).toBeGreaterThanOrEqual(1);
  });

  it('are counted down again by every way in which a build ends', async () => {
    const plane = await openWith({ concurrentBuilds: 1, concurrentBuildsPerTenant: 1 });
    plane.agent.scripts.set('work', [{ fails: 'script.failed' }, { milliseconds: 60_000 }, {}]);
    const failed = await plane.submit(specOf('failed'));
    expect((await plane.ended(failed.id)).state).toBe('failed');
    const cancelled = await plane.submit(specOf('cancelled'));
    while (!plane.agent.began.includes(`${cancelled.id} work`)) await sleep(10);
    await requestCancel(plane.ports, wholeTenant('ten_1'), cancelled.id);
    expect((await plane.ended(cancelled.id)).state).toBe('cancelled');
    expect((await plane.ended((await plane.submit(specOf('succeeded'))).id)).state).toBe('succeeded');
    for (const owner of ['installation', 'ten_1']) {
      const record = await plane.ports.table.get({ partition: `RUNNING#${owner}`, sort: 'RUNNING' });
      expect(record?.counters, owner).toEqual({ builds: 0 });
    }
  });
});

describe('stages of one build at once', () => {
  const wide = specWith({
    steps: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, run: `echo ${id}`, needs: [] })),
    outputs: [{ type: 'tar' }],
  });

  it.each([1, 2])('are %i where that is the limit', async (limit) => {
    const plane = await openWith({ stagesPerBuild: limit });
    for (const { id } of wide.steps) plane.agent.scripts.set(id, [{ milliseconds: 150 }]);
    const build = await plane.submit(wide);
    const ended = await plane.ended(build.id);
    expect(ended.state).toBe('succeeded');
    expect(plane.agent.most.get(build.id)).toBe(limit);
    // What it waits for because of the limit is nothing that it needs.
    expect(ended.stages.filter(({ steps }) => steps[0]?.id.length === 1).map(({ needs }) => needs)).toEqual(
      Array(5).fill(['s1']),
    );
  });

  it('do not keep a build that keeps going from what does not need the failed step', async () => {
    const plane = await openWith({ stagesPerBuild: 1 });
    plane.agent.scripts.set('a', [{ fails: 'script.failed' }]);
    const ended = await plane.ended((await plane.submit(wide, { keepGoing: true })).id);
    const states = ended.stages.flatMap(({ steps }) => steps.map(({ id, state }) => [id, state]));
    expect(Object.fromEntries(states)).toMatchObject({ a: 'failed', b: 'succeeded', e: 'succeeded', tar: 'skipped' });
  });

  it('are chains, none of which waits for what comes after it', () => {
    const stages = Array.from({ length: 7 }, (_, number) => ({
      id: `s${number + 1}`,
      needs: number === 3 ? ['s1'] : [],
    }));
    expect(Object.fromEntries(waitsUnderLimit(stages, 3))).toEqual({ s5: 's2', s6: 's3', s7: 's4' });
    expect(waitsUnderLimit(stages, 40).size).toBe(0);
  });
});
