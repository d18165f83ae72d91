import { describe, expect, it } from 'vitest';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { uploadsOfSteps } from '../../../core/plan/uploads-of-steps.ts';
import { archive, specWith } from './plan-fixtures.ts';

const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
const planOf = (files: { path: string; content?: string; upload?: string }[]) =>
  makePlan({ spec: specWith({ files, outputs: [{ type: 'tar' }] }), archive, toolchain: 'c'.repeat(64) });
const filesOf = (plan: ReturnType<typeof planOf>) => {
  const step = plan.steps.find(({ id }) => id === 'files');
  if (step === undefined) throw new Error('the plan has no files');
  return step;
};

describe('a plan with uploads', () => {
  const text = planOf([{ path: '/srv/a', content: 'a' }]);
  const uploaded = planOf([
    { path: '/srv/a', upload: one },
    { path: '/srv/b', upload: one },
    { path: '/srv/c', content: 'c' },
  ]);

  it('holds their digests in the key of the files, and of nothing below', () => {
    const changed = planOf([
      { path: '/srv/a', upload: one },
      { path: '/srv/b', upload: other },
      { path: '/srv/c', content: 'c' },
    ]);
    expect(filesOf(uploaded).inputs['options.files']).toContain(one);
    expect(filesOf(changed).key).not.toBe(filesOf(uploaded).key);
    const keysBelow = (plan: typeof text) =>
      plan.steps.slice(0, plan.steps.indexOf(filesOf(plan))).map(({ key }) => key);
    expect(keysBelow(changed)).toEqual(keysBelow(text));
    expect(filesOf(uploaded)).toMatchObject({ trust: 'service', scope: 'tenant' });
  });

  it('names each once, and gives them time and disk', () => {
    expect(uploadsOfSteps(uploaded.steps)).toEqual([one]);
    expect(uploadsOfSteps(text.steps)).toEqual([]);
    expect([filesOf(text).timeoutSeconds, filesOf(uploaded).timeoutSeconds]).toEqual([300, 1_800]);
    const diskOf = (plan: typeof text) => plan.stages.find(({ steps }) => steps.includes('files'))?.size.diskGiB ?? 0;
    expect(diskOf(uploaded) - diskOf(text)).toBe(16);
  });
});
