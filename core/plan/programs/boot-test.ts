import { z } from 'zod';
import { type TestedOutput, testedOutputs } from '../../spec/capabilities.ts';
import { type Firmware, firmwares } from '../../spec/tests.ts';
import type { ProgramDeclaration } from './program.ts';

export type { Firmware, TestedOutput };

/** Seconds that all assertions of one boot have together, tries and waits included. */
export const assertionSeconds = 900;

/** Declaration of `boot-test`: boots an artifact in a machine of its own, and looks whether it is as the spec wants it. */
export const bootTest = {
  name: 'boot-test',
  version: 1,
  summary: 'Boots an image and tests it',
  trust: 'seal',
  produces: 'report',
  reads: 'layers',
  hostTools: ['qemu-system-x86_64'],
  // The boot's own bound, which a spec says, comes on top: see core/plan/test-steps.ts.
  timeoutSeconds: assertionSeconds + 120,
  options: z.strictObject({
    output: z.enum(testedOutputs).describe('The output that it boots; the step of that id makes it.'),
    firmware: z.enum(firmwares).describe('What the machine starts with.'),
    timeoutSeconds: z.number().int().describe('Seconds until the system must be up.'),
    assertions: z
      .array(
        z.union([
          z.strictObject({ run: z.string(), retries: z.number().int().optional() }),
          z.strictObject({ port: z.number().int(), retries: z.number().int().optional() }),
        ]),
      )
      .describe('What must hold then, in this order.'),
  }),
} as const satisfies ProgramDeclaration;
