import { expect, it } from 'vitest';
import type { ComplianceReport } from '../../../core/compliance/report.ts';
import { checkChangeSchema, checkChanges, isOpenState } from '../../../core/scans/check-changes.ts';

/** A report as far as changes look at it: `fail!` has a waiver. */
const report = (states: Readonly<Record<string, string>>): ComplianceReport =>
  ({
    results: Object.entries(states).map(([check, state]) => ({
      ...{ check, state: state.replace('!', '') },
      ...(state.endsWith('!') ? { waiver: { reason: 'r', owner: 'o', expires: '2027-01-01' } } : {}),
    })),
  }) as unknown as ComplianceReport;

it.each([
  ['nothing', { a: 'pass', b: 'fail' }, { a: 'pass', b: 'fail' }, []],
  [
    'one that fails now',
    { a: 'pass', b: 'fail' },
    { a: 'fail', b: 'fail' },
    [{ check: 'a', before: 'pass', after: 'fail' }],
  ],
  ['one that is waived now', { a: 'fail' }, { a: 'fail!' }, [{ check: 'a', before: 'fail', after: 'waived' }]],
  ['one whose waiver ended', { a: 'manual!' }, { a: 'manual' }, [{ check: 'a', before: 'waived', after: 'manual' }]],
  ['one that stays waived', { a: 'fail!' }, { a: 'manual!' }, []],
  ['a new one', {}, { a: 'manual' }, [{ check: 'a', after: 'manual' }]],
  ['one that is gone', { b: 'pass', a: 'fail!' }, { b: 'pass' }, [{ check: 'a', before: 'waived' }]],
  [
    'in the order of the later one, and what is gone last',
    { gone: 'pass', x: 'pass', y: 'pass' },
    { y: 'fail', x: 'fail' },
    [
      { check: 'y', before: 'pass', after: 'fail' },
      { check: 'x', before: 'pass', after: 'fail' },
      { check: 'gone', before: 'pass' },
    ],
  ],
] as const)('tells %s', (_, earlier, later, changes) => {
  const found = checkChanges(report(earlier), report(later));
  expect(found).toEqual(changes);
  for (const change of found) expect(checkChangeSchema.safeParse(change).success).toBe(true);
});

it('takes all for new where there is nothing to compare with', () => {
  expect(checkChanges(undefined, report({ a: 'pass' }))).toEqual([{ check: 'a', after: 'pass' }]);
});

it('knows which states keep an image back, and which there are', () => {
  const states = ['pass', 'fail', 'not_applicable', 'manual', 'waived', undefined] as const;
  expect(states.filter(isOpenState)).toEqual(['fail', 'manual']);
  for (const state of states)
    expect(checkChangeSchema.safeParse({ check: 'a', after: state ?? 'pass' }).success).toBe(true);
  expect(checkChangeSchema.safeParse({ check: 'a', after: 'unknown' }).success).toBe(false);
  expect(checkChangeSchema.safeParse({ check: 'a', after: 'pass', more: 1 }).success).toBe(false);
});
