import { beforeEach, describe, expect, it } from 'vitest';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

/** Two branches on one step and what joins them; `alone` needs only the second branch. */
const diamond = specWith({
  steps: [
    { id: 'first', run: 'echo first' },
    { id: 'left', run: 'echo left', needs: ['first'] },
    { id: 'right', run: 'echo right', needs: ['first'] },
    { id: 'alone', run: 'echo alone', needs: ['right'] },
    { id: 'join', run: 'echo join', needs: ['left', 'right'] },
  ],
  outputs: [{ type: 'tar' }],
});

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let count = 0;
/** Each test's build is another one: nothing of it is cached. */
const fresh = (name: string) => ({ ...diamond, system: { ...diamond.system, hostname: `host-${++count}` }, name });
beforeEach(() => {
  plane.agent.most.clear();
});

const statesOf = (build: BuildDetail): Record<string, string> =>
  Object.fromEntries(build.stages.flatMap((stage) => stage.steps.map((step) => [step.id, step.state])));
const stageOf = (build: BuildDetail, step: string) =>
  build.stages.find((stage) => stage.steps.some(({ id }) => id === step));

describe('a build of which a step fails', () => {
  it('ends at once: what runs beside it is told to end, and nothing more begins', async () => {
    plane.agent.scripts.set('left', [{ milliseconds: 100, fails: 'script.failed' }]);
    plane.agent.scripts.set('right', [{ milliseconds: 60_000 }]);
    const build = await plane.submit(fresh('fast'));
    const began = Date.now();
    const ended = await plane.ended(build.id);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(ended.state).toBe('failed');
    expect(ended.failure).toMatchObject({ code: 'script.failed', step: 'left' });
    expect(stageOf(ended, 'left')?.state).toBe('failed');
    expect(stageOf(ended, 'right')?.state).toBe('cancelled');
    for (const step of ['join', 'tar']) expect(stageOf(ended, step)?.state, step).toBe('skipped');
    expect(plane.agent.began.filter((entry) => /alone|join|tar/.test(entry))).toEqual([]);
    expect(ended.keepGoing).toBe(false);
  });

  it('keeps going where that is asked: all that does not need the step is done, and the end is its failure', async () => {
    plane.agent.scripts.set('left', [{ milliseconds: 20, fails: 'script.failed' }]);
    plane.agent.scripts.set('right', [{ milliseconds: 400 }]);
    const build = await plane.submit(fresh('going'), { keepGoing: true });
    const ended = await plane.ended(build.id);
    expect([ended.state, ended.keepGoing]).toEqual(['failed', true]);
    expect(ended.failure).toMatchObject({ code: 'script.failed', step: 'left' });
    expect(statesOf(ended)).toMatchObject({
      first: 'succeeded',
      left: 'failed',
      right: 'succeeded',
      alone: 'succeeded',
    });
    for (const step of ['join', 'tar']) expect(stageOf(ended, step)?.state, step).toBe('skipped');
  });

  it('ends as its first failure also where a later step fails otherwise', async () => {
    plane.agent.scripts.set('left', [{ fails: 'script.failed' }]);
    plane.agent.scripts.set('right', [{ milliseconds: 300, fails: 'script.timeout' }]);
    const ended = await plane.ended((await plane.submit(fresh('twice'), { keepGoing: true })).id);
    expect(ended.failure).toMatchObject({ code: 'script.failed', step: 'left' });
    expect(stageOf(ended, 'right')?.state).toBe('failed');
  });

  it('is no failure of a builder that the host takes away while the build ends', async () => {
    plane.agent.scripts.set('left', [{ milliseconds: 100, fails: 'script.failed' }]);
    plane.agent.scripts.set('right', [{ milliseconds: 0, stop: 'TerminationNotice' }, { milliseconds: 60_000 }]);
    const ended = await plane.ended((await plane.submit(fresh('taken'))).id);
    expect(ended.failure).toMatchObject({ code: 'script.failed', step: 'left' });
    expect(stageOf(ended, 'right')?.state).toBe('cancelled');
  });
});

describe('stages side by side', () => {
  it('run at the same time, and tell when', async () => {
    // The store's clock, by which steps begin and end, has whole seconds.
    for (const step of ['left', 'right']) plane.agent.scripts.set(step, [{ milliseconds: 2_500 }]);
    const build = await plane.submit(fresh('beside'));
    const ended = await plane.ended(build.id);
    expect(ended.state).toBe('succeeded');
    expect(plane.agent.most.get(build.id)).toBeGreaterThanOrEqual(2);
    const [left, right] = ['left', 'right'].map((id) => {
      const { startedAt = '', endedAt = '' } =
        ended.stages.flatMap(({ steps }) => steps).find((s) => s.id === id) ?? {};
      return { startedAt, endedAt };
    });
    expect(left?.startedAt).not.toBe('');
    expect([left?.startedAt, right?.startedAt].sort().at(-1)).toSatisfy(
      (start: string) => start < (left?.endedAt ?? '') && start < (right?.endedAt ?? ''),
    );
  });
});
