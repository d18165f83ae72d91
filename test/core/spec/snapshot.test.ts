import { expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';
import { outputTypes } from '../../../core/spec/releases.ts';
import { sampleSpec } from './sample-spec.ts';

const trixie = { release: 'trixie', architecture: 'amd64' };
const errorsOf = (snapshot: string, snapshots: boolean, base: object = trixie) => {
  const spec = sampleSpec({ base: { ...base, snapshot } });
  const checked = checkSpec(spec, { architectures: ['amd64'], outputs: outputTypes, snapshots });
  return checked.ok ? [] : checked.errors.map(({ path, code }) => [path, code]);
};

it.each([trixie, { ...trixie, distribution: 'ubuntu', release: 'noble' }])(
  'takes the time of a snapshot of $release where there is an archive of them',
  (base) => {
    expect(errorsOf('20261101T000000Z', true, base)).toEqual([]);
    expect(errorsOf('20261101T000000Z', false, base)).toEqual([['base.snapshot', 'spec.unsupported_snapshot']]);
  },
);

it.each(['20261301T000000Z', '2026-11-01', '20261101T250000Z', '../20261101T000000Z', '20261101T000000Z/..', ''])(
  'refuses %j, which is none',
  (wrong) => {
    expect(errorsOf(wrong, true)).toEqual([
      ['base.snapshot', expect.stringMatching(/^spec\.(?:invalid_value|too_large)$/)],
    ]);
  },
);
