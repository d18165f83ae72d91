import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainPlan, type MissReason, reasonText } from '../../../core/plan/explain.ts';
import { firstChange } from '../../../core/plan/option-change.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';
import { fullSpec, planOf } from './random-spec.ts';

const none = new Set<string>();
const keys = (plan: Plan) => new Set(plan.steps.map((step) => step.key));
const spec = specWith({
  packages: { install: ['jq'] },
  files: [
    { path: '/etc/issue', content: 'one' },
    { path: '/etc/motd', content: 'one' },
  ],
  users: [{ name: 'ops' }],
  steps: [
    { id: 'one', run: 'echo 1' },
    { id: 'two', run: 'echo 2' },
  ],
});
const before = planOf(spec);

/** Why a step of the plan must run, with what the plan before made in the cache. */
function because(plan: Plan, id: string, cached: ReadonlySet<string> = keys(before)): MissReason | 'hit' | undefined {
  const verdict = explainPlan(plan, before, cached).get(id);
  return verdict?.hit === true ? 'hit' : verdict?.because;
}

describe('explain', () => {
  it('has nothing to compare with at first', () => {
    for (const verdict of explainPlan(before, undefined, none).values()) {
      expect(verdict).toEqual({ hit: false, because: { kind: 'first' } });
    }
  });

  it('tells the changed member of an option, old and new', () => {
    const files = spec.files.map((file) => (file.path === '/etc/motd' ? { ...file, content: 'two' } : file));
    const plan = planOf({ ...spec, files });
    const change = { input: 'options.files[/etc/motd].content', before: 'one', after: 'two' };
    expect(because(plan, 'files')).toEqual({ kind: 'changed', change });
    expect(because(plan, 'packages')).toBe('hit');
    expect(because(plan, 'one')).toEqual({ kind: 'parent', root: 'files', change });
    expect(because(plan, 'iso')).toEqual({ kind: 'parent', root: 'files', change });
  });

  it('tells what was added to a list', () => {
    const plan = planOf({ ...spec, packages: { ...spec.packages, install: ['jq', 'tree'] } });
    expect(because(plan, 'packages')).toEqual({
      kind: 'changed',
      change: { input: 'options.install', before: '', after: 'tree' },
    });
  });

  it.each<[string, Plan, string, Partial<MissReason['change']>]>([
    ['toolchain', planOf(spec, archive, 'd'.repeat(64)), 'toolchain', { before: toolchain, after: 'd'.repeat(64) }],
    [
      'source date',
      planOf(spec, {
        suites: archive.suites.map((suite) => ({ ...suite, date: 1_800_000_000, uri: 'http://b.invalid' })),
      }),
      'sourceDateEpoch',
      { before: '1764000000', after: '1800000000' },
    ],
    [
      'archive',
      planOf(spec, { suites: archive.suites.map((suite) => ({ ...suite, uri: 'http://b.invalid' })) }),
      'archive.trixie-updates.uri',
      { before: 'http://archive.invalid/debian', after: 'http://b.invalid' },
    ],
  ])('names the %s before what comes after it', (_name, plan, input, values) => {
    expect(because(plan, 'bootstrap')).toEqual({ kind: 'changed', change: { input, ...values } });
  });

  it('follows a change of the archive from the step that reads it to the last one', () => {
    const plan = planOf(spec, { suites: archive.suites.map((suite) => ({ ...suite, uri: 'http://b.invalid' })) });
    for (const step of plan.steps.slice(1))
      expect(because(plan, step.id)).toMatchObject({ kind: 'parent', root: 'bootstrap' });
  });

  it('asks for program and version first', () => {
    const older = {
      steps: before.steps.map((step) => ({
        ...step,
        key: 'f'.repeat(64),
        inputs: { ...step.inputs, program: 'x/0', toolchain: 'y' },
      })),
    };
    const verdict = explainPlan(before, older, none).get('system');
    expect(verdict).toMatchObject({ because: { change: { input: 'program', before: 'x/0', after: 'system/1' } } });
  });

  it('tells other needs, a new step, and a renamed one that is the same', () => {
    const [one, two] = spec.steps;
    if (one === undefined || two === undefined) throw new Error('the spec has two steps');
    const apart = planOf({ ...spec, steps: [one, { ...two, needs: [] }] });
    expect(because(apart, 'two')).toMatchObject({ kind: 'changed', change: { input: 'needs', before: 'one' } });
    const more = planOf({ ...spec, steps: [one, two, { ...two, id: 'three', needs: ['two'] }] });
    expect(because(more, 'three')).toEqual({ kind: 'new' });
    const renamed = planOf({
      ...spec,
      steps: [
        { ...one, id: 'uno' },
        { ...two, needs: ['uno'] },
      ],
    });
    expect(because(renamed, 'uno')).toBe('hit');
    expect(because(renamed, 'two')).toBe('hit');
  });

  it('tells what was never finished', () => {
    const made = new Set(before.steps.slice(0, 2).map((step) => step.key));
    expect(because(before, 'bootstrap', made)).toBe('hit');
    expect(because(before, 'two', made)).toEqual({ kind: 'missing' });
  });

  it('never tells a password hash', () => {
    const hash = (salt: string) => `$6$${salt}abcdefg$${'x'.repeat(86)}`;
    const withHash = (passwordHash: string) => ({
      ...spec,
      users: spec.users.map((user) => ({ ...user, passwordHash })),
    });
    const [one, other] = [planOf(withHash(hash('a'))), planOf(withHash(hash('b')))];
    const told = [explainPlan(other, one, none), explainPlan(other, before, none)].map((verdicts) =>
      verdicts.get('users'),
    );
    expect(told[0]).toMatchObject({ because: { change: { before: '(hidden)', after: '(hidden)' } } });
    expect(JSON.stringify(told)).not.toContain('$6$');
  });

  it('gives every miss a reason, and a line for people (property)', () => {
    fc.assert(
      fc.property(fullSpec, fullSpec, fc.nat(10), (older, newer, some) => {
        const [one, other] = [planOf(older), planOf(newer)];
        const cached = new Set(other.steps.filter((_, at) => at % 10 === some).map((step) => step.key));
        const verdicts = explainPlan(other, one, cached);
        for (const step of other.steps) {
          const verdict = verdicts.get(step.id);
          expect(verdict?.hit).toBe(cached.has(step.key));
          if (verdict?.hit !== false) continue;
          const { kind, root, change } = verdict.because;
          expect(reasonText(verdict.because)).not.toBe('');
          if (kind === 'changed') expect(change?.before).not.toBe(change?.after);
          if (kind === 'parent') expect(other.steps.map(({ id }) => id)).toContain(root);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the first change', () => {
  it.each([
    ['"a"', '"b"', { path: '', before: 'a', after: 'b' }],
    ['{"a":1,"b":2}', '{"a":1,"b":3}', { path: '.b', before: '2', after: '3' }],
    ['{"a":1}', '{"a":1,"b":"x"}', { path: '.b', before: undefined, after: 'x' }],
    ['["a","b"]', '["b","c"]', { path: '', before: 'a', after: 'c' }],
    ['["a","b"]', '["b","a"]', { path: '', before: '["a","b"]', after: '["b","a"]' }],
    ['[{"name":"x","uid":1}]', '[{"name":"x","uid":2}]', { path: '[x].uid', before: '1', after: '2' }],
    ['[{"v":1},{"v":2}]', '[{"v":1},{"v":3}]', { path: '[1].v', before: '2', after: '3' }],
    ['[{"name":"x"},{"name":"y"}]', '[{"name":"y"}]', { path: '[x]', before: '{"name":"x"}', after: undefined }],
    ['no json', '[no json', { path: '', before: 'no json', after: '[no json' }],
  ])('from %s to %s', (older, newer, change) => {
    expect(firstChange(older, newer)).toEqual(change);
  });

  it('shows a long text where it changed', () => {
    const text = (middle: string) => JSON.stringify(`${'a'.repeat(500)}${middle}${'b'.repeat(500)}`);
    const { before: older, after: newer } = firstChange(text('ONE'), text('TWO'));
    expect(older).toMatch(/^…a{40}ONEb+…$/);
    expect(newer).toMatch(/^…a{40}TWOb+…$/);
    expect(older?.length).toBeLessThanOrEqual(162);
  });

  it('is sound for any two values (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const change = firstChange(JSON.stringify(one), JSON.stringify(other));
        expect(change.path).toMatch(/^(?:$|[.[])/);
        expect(Math.max(change.before?.length ?? 0, change.after?.length ?? 0)).toBeLessThanOrEqual(162);
      }),
    );
  });
});
