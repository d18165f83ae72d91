import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/**
 * Declaration of `initramfs`: makes the initial RAM file system of each kernel in a tree of its own, beside the steps
 * that follow. Its layer holds the files below /boot and the links to them, nothing else.
 */
export const initramfs = {
  name: 'initramfs',
  version: 3,
  summary: 'Makes the initial RAM file system',
  trust: 'service',
  produces: 'layer',
  reads: 'layers',
  writes: ['boot', 'initrd.img', 'vmlinuz'],
  hostTools: ['chroot'],
  timeoutSeconds: 1_200,
  options: z.strictObject({
    afterTenant: z.boolean().describe('Tenant code or files may have touched the tree: the step is of class tenant.'),
    since: z
      .string()
      .optional()
      .describe('An earlier step of this program: where nothing that it reads has changed since, its result stays.'),
  }),
} as const satisfies ProgramDeclaration;
