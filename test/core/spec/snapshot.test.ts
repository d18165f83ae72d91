import { expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';
import { outputTypes } from '../../../core/spec/releases.ts';
import { sampleSpec } from './sample-spec.ts';

const spec = (snapshot: string) => sampleSpec({ base: { release: 'trixie', architecture: 'amd64', snapshot } });
const errorsOf = (snapshot: string, snapshots: boolean) => {
  const checked = checkSpec(spec(snapshot), { architectures: ['amd64'], outputs: outputTypes, snapshots });
  return checked.ok ? [] : checked.errors.map(({ path, code }) => [path, code]);
};

it('takes the time of a snapshot where there is an archive of them', () => {
  expect(errorsOf('20261101T000000Z', true)).toEqual([]);
  expect(errorsOf('20261101T000000Z', false)).toEqual([['base.snapshot', 'spec.unsupported_snapshot']]);
});

it.each(['20261301T000000Z', '2026-11-01', '20261101T250000Z', '../20261101T000000Z', '20261101T000000Z/..', ''])(
  'refuses %j, which is none',
  (wrong) => {
    expect(errorsOf(wrong, true)).toEqual([
      ['base.snapshot', expect.stringMatching(/^spec\.(?:invalid_value|too_large)$/)],
    ]);
  },
);
