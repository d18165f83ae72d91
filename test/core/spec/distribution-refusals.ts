import { sampleArchive } from './archive-samples.ts';
import type { RefusalRow } from './field-refusals.ts';

const base = (distribution: string | undefined, release: string) => ({
  base: { ...(distribution === undefined ? {} : { distribution }), release, architecture: 'amd64' },
});
const wrong = ['base.release', 'spec.unsupported_release'] as const;

/** Releases with another distribution's name, and what a distribution cannot honour. */
export const distributionRefusals: readonly RefusalRow[] = [
  ['a release of Ubuntu on Debian', base('debian', 'noble'), ...wrong],
  ['a release of Ubuntu where no distribution is named', base(undefined, 'jammy'), ...wrong],
  ['a release of Debian on Ubuntu', base('ubuntu', 'trixie'), ...wrong],
  ['a release that Ubuntu has no more', base('ubuntu', 'warty'), ...wrong],
  ['the code name in capitals', base('ubuntu', 'Noble'), ...wrong],
  [
    'security updates of sid, which has none of its own',
    { ...base('debian', 'sid'), updates: {} },
    'updates.unattended',
    'spec.unsupported_option',
  ],
  [
    'tests of a release whose systemd is too old for them',
    { ...base('ubuntu', 'jammy'), tests: [{ run: 'true' }] },
    'tests',
    'spec.unsupported_option',
  ],
  [
    'a root that grows of a release where none was seen to',
    { ...base('ubuntu', 'noble'), outputs: [{ type: 'raw' }], disk: { growth: 'first-boot' } },
    'disk.growth',
    'spec.unsupported_option',
  ],
  [
    'an archive by the name of Ubuntu’s own file',
    { ...base('ubuntu', 'noble'), archives: [sampleArchive({ name: 'ubuntu' })] },
    'archives[0].name',
    'spec.reserved_name',
  ],
  [
    'an archive by the name of Debian’s own file on Ubuntu',
    { ...base('ubuntu', 'noble'), archives: [sampleArchive({ name: 'debian' })] },
    'archives[0].name',
    'spec.reserved_name',
  ],
];
