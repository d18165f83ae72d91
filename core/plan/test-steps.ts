import { testedOutputs } from '../spec/capabilities.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { testsOf } from '../spec/tests.ts';
import { bootTest } from './programs/boot-test.ts';
import type { Chain } from './step-drafts.ts';

/** Adds the steps that boot the outputs of a spec with tests: one for each output that can be booted and each firmware. */
export function testSteps(chain: Chain, spec: ResolvedSpec): void {
  if (spec.tests === undefined) return;
  const { boot, assertions } = testsOf(spec.tests);
  const made = new Set<string>(spec.outputs.map(({ type }) => type));
  for (const output of testedOutputs.filter((type) => made.has(type))) {
    for (const firmware of boot.firmware) {
      const { timeoutSeconds } = boot;
      chain.beside(
        'boot-test',
        { output, firmware, timeoutSeconds, assertions },
        {
          id: `boot-test.${output}.${firmware}`,
          label: `Boots the ${output} with ${firmware === 'bios' ? 'BIOS' : 'UEFI'} and tests it`,
          needs: [output],
          timeoutSeconds: bootTest.timeoutSeconds + timeoutSeconds,
        },
      );
    }
  }
}
