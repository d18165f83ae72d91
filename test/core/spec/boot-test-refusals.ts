import type { RefusalRow } from './field-refusals.ts';

const tests = (...list: readonly unknown[]) => ({ tests: list });
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** What tests of the image refuse of themselves. */
export const bootTestRefusals: readonly RefusalRow[] = [
  ['a test that is a text', tests('systemctl is-active ssh'), 'tests[0]', 'spec.invalid_value'],
  ['a test of nothing', tests({}), 'tests[0]', 'spec.missing'],
  ['a test that is only tried again', tests({ retries: 3 }), 'tests[0]', 'spec.missing'],
  ['two tests in one', tests({ run: 'true', port: 22 }), 'tests[0].port', 'spec.invalid_value'],
  ['a boot and a test in one', tests({ boot: {}, run: 'true' }), 'tests[0].run', 'spec.invalid_value'],
  ['a boot that is tried again', tests({ boot: {}, retries: 1 }), 'tests[0].retries', 'spec.invalid_value'],
  ['two boots', tests({ boot: {} }, { run: 'true' }, { boot: {} }), 'tests[2].boot', 'spec.duplicate_name'],
  ['an unknown kind of test', tests({ run: 'true', ping: 'a' }), 'tests[0].ping', 'spec.unknown_key'],
  ['no firmware', tests({ boot: { firmware: [] } }), 'tests[0].boot.firmware', 'spec.invalid_value'],
  [
    'an unknown firmware',
    tests({ boot: { firmware: ['coreboot'] } }),
    'tests[0].boot.firmware[0]',
    'spec.invalid_value',
  ],
  [
    'a firmware twice',
    tests({ boot: { firmware: ['bios', 'bios'] } }),
    'tests[0].boot.firmware',
    'spec.duplicate_name',
  ],
  ['an empty script', tests({ run: ' ' }), 'tests[0].run', 'spec.invalid_value'],
  ['a script with NUL', tests({ run: 'a\u0000' }), 'tests[0].run', 'spec.invalid_value'],
  ['a script that is too long', tests({ run: 'a'.repeat(65_537) }), 'tests[0].run', 'spec.too_large'],
  ...[0, 65_536, 22.5, '22'].map(
    (port): RefusalRow => [`the port ${JSON.stringify(port)}`, tests({ port }), 'tests[0].port', 'spec.invalid_value'],
  ),
  ...[-1, 61, 1.5].map(
    (retries): RefusalRow => [
      `${retries} retries`,
      tests({ run: 'true', retries }),
      'tests[0].retries',
      'spec.invalid_value',
    ],
  ),
  ...[9, 3_601].map(
    (timeoutSeconds): RefusalRow => [
      `a boot of ${timeoutSeconds} seconds`,
      tests({ boot: { timeoutSeconds } }),
      'tests[0].boot.timeoutSeconds',
      'spec.invalid_value',
    ],
  ),
  ['too many tests', tests(...times(33, () => ({ run: 'true' }))), 'tests', 'spec.too_many'],
];

/** What they refuse because of the outputs and the machine. */
export const bootTestBetweenRefusals: readonly RefusalRow[] = [
  ...['tar', 'oci', 'docker', 'wsl', 'netboot', 'vmdk', 'vhd', 'vhdx', 'ova'].map(
    (type): RefusalRow => [
      `a boot of the output ${type} alone`,
      { outputs: [{ type }], ...tests({ boot: {} }) },
      'tests',
      'spec.unsupported_option',
    ],
  ),
  [
    'a boot for arm64',
    { base: { release: 'trixie', architecture: 'arm64' }, ...tests({ run: 'true' }) },
    'tests',
    'spec.unsupported_option',
  ],
];
