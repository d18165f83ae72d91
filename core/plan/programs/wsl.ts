import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `wsl`: the tree as a distribution for the Windows Subsystem for Linux. */
export const wsl = {
  name: 'wsl',
  version: 1,
  summary: 'Packs the tree as a distribution for WSL',
  trust: 'seal',
  produces: 'artifact',
  reads: 'layers',
  labels: ['fileName'],
  hostTools: [],
  timeoutSeconds: 3_600,
  options: z.strictObject({
    fileName: z.string().describe('Name of the artifact.'),
    name: z.string().describe('What Windows calls the distribution.'),
    hostname: z.string().describe('Host name.'),
    defaultUser: z.string().optional().describe('User that a shell runs as; root where absent.'),
  }),
} as const satisfies ProgramDeclaration;
