import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** The unit that runs the scripts. */
export const firstBootUnit = 'lbuild-first-boot.service';

/** Declaration of `first-boot`: scripts, and the unit that runs them once where the image boots. */
export const firstBoot = {
  name: 'first-boot',
  version: 1,
  summary: 'Adds scripts that run once, at the first boot',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  readsPaths: () => ['etc/systemd/system', 'usr/lib/lbuild', 'usr/lib/systemd/systemd', 'lib/systemd/systemd'],
  hostTools: [],
  timeoutSeconds: 300,
  options: z.strictObject({
    scripts: z
      .array(
        z.strictObject({
          name: z.string().describe('Name of the script.'),
          run: z.string().describe('Its text; /bin/sh -e runs it, or the interpreter of its #! line.'),
          network: z.boolean().describe('The network must be up.'),
          ignoreFailure: z.boolean().describe('Its failure is none.'),
          timeoutSeconds: z.number().int().describe('Seconds after which it is ended.'),
        }),
      )
      .min(1)
      .describe('In the order in which they run.'),
  }),
} as const satisfies ProgramDeclaration;
