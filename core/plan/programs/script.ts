import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `script`: runs a user's step in the tree, confined. */
export const script = {
  name: 'script',
  version: 1,
  summary: 'Runs a script of the build spec',
  trust: 'tenant',
  produces: 'layer',
  reads: 'tree',
  // It ends a script that takes too long; a result of one that has ended holds no trace of it.
  labels: ['timeoutSeconds'],
  hostTools: ['perl'],
  timeoutSeconds: 3_600,
  options: z.strictObject({
    run: z.string().describe('Text of the script; /bin/sh -e runs it, or the interpreter of its #! line.'),
    network: z.boolean().describe('Allow internet sockets.'),
    timeoutSeconds: z.number().int().describe('Seconds after which it is ended.'),
  }),
} as const satisfies ProgramDeclaration;
