import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `netboot`: what a machine starts from over the network, with a script of iPXE. */
export const netboot = {
  name: 'netboot',
  version: 1,
  summary: 'Packs kernel, initial RAM file system and tree for machines that start from the network',
  trust: 'seal',
  produces: 'artifact',
  reads: 'layers',
  labels: ['fileName', 'module'],
  hostTools: ['unsquashfs', 'tar'],
  timeoutSeconds: 3_600,
  options: z.strictObject({
    fileName: z.string().describe('Name of the artifact.'),
    module: z.string().describe('The step whose module is the whole tree.'),
    cmdline: z.array(z.string()).describe('Kernel arguments.'),
    baseUrl: z.string().optional().describe('Where the files are served, with a slash at its end.'),
  }),
} as const satisfies ProgramDeclaration;
