import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/**
 * Declaration of `module`: layers as one squashfs image, which a live ISO stacks, a network boot fetches, and from which
 * single files are read.
 */
export const module = {
  name: 'module',
  version: 1,
  summary: 'Packs layers as a squashfs module',
  trust: 'seal',
  produces: 'module',
  reads: 'layers',
  // The parents' keys, which are in the key, say which layers they are; their ids are names.
  labels: ['layers'],
  hostTools: ['mksquashfs'],
  timeoutSeconds: 3_600,
  options: z.strictObject({
    layers: z.array(z.string()).min(1).describe('Steps whose layers it holds, lowest first.'),
    level: z.number().int().min(1).max(22).optional().describe('Level of zstd; 3 where absent.'),
  }),
} as const satisfies ProgramDeclaration;
