import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `spec-file`: writes the spec that the tree is made of into the tree. */
export const specFile = {
  name: 'spec-file',
  version: 1,
  summary: 'Writes the spec into the image',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  readsPaths: () => ['usr/share/lbuild'],
  hostTools: [],
  timeoutSeconds: 300,
  options: z.strictObject({
    path: z.string().describe('Absolute path of the file.'),
    text: z.string().describe('The spec as canonical JSON, without secrets and without what says nothing of the tree.'),
  }),
} as const satisfies ProgramDeclaration;
