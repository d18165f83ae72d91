import { z } from 'zod';
import { archivesSchema } from '../../spec/configuration/archives.ts';
import { outputTypes } from '../../spec/releases.ts';
import { archivePackageSchema } from './archive-package.ts';
import { archiveSecretsSchema, readsSecrets } from './archive-secrets.ts';
import type { ProgramDeclaration } from './program.ts';

/** No part of the key: what is to be in it the planner puts there (core/lock/locked-drafts.ts). */
const locked = z
  .strictObject({ packages: z.array(archivePackageSchema).describe('What may be installed, each by its digest.') })
  .optional()
  .describe('What a lock gives to the step: nothing else is taken from any archive. Absent where there is no lock.');

/** Declaration of `bootstrap`: a minimal system of the distribution, and apt configured for its archives. */
export const bootstrap = {
  name: 'bootstrap',
  version: 1,
  summary: 'Makes the minimal system of the distribution from the signed archive',
  trust: 'service',
  produces: 'layer',
  reads: 'tree',
  hostTools: ['mmdebstrap', 'apt-get', 'gpgv', 'dpkg', 'dpkg-deb', 'mknod', 'setpriv', 'xz'],
  labels: ['locked'],
  timeoutSeconds: 1_800,
  options: z.strictObject({
    distribution: z.string().describe('The distribution.'),
    release: z.string().describe('The release, by code name.'),
    architecture: z.enum(['amd64', 'arm64']).describe('Debian’s name of the architecture.'),
    locked,
  }),
} as const satisfies ProgramDeclaration;

/** Declaration of `packages`: installs and removes packages, the kernel and what the outputs need to boot. */
export const packages = {
  name: 'packages',
  version: 3,
  summary: 'Installs and removes packages',
  trust: 'service',
  produces: 'layer',
  reads: 'tree',
  hostTools: ['apt-get', 'gpgv', 'dpkg', 'dpkg-deb', 'setpriv', 'proot', 'systemd-tmpfiles', 'xz'],
  labels: ['locked'],
  readsSecrets,
  timeoutSeconds: 3_600,
  options: z.strictObject({
    install: z.array(z.string()).describe('Package names, sorted.'),
    remove: z.array(z.string()).describe('Package names to purge after the installation, sorted.'),
    recommends: z.boolean().describe('Install what the packages recommend.'),
    pins: z
      .array(
        z.strictObject({
          package: z.string().describe('Name of the package.'),
          version: z.string().optional().describe('Its version, or the beginning of it and `*`.'),
          release: z.string().optional().describe('The suite that it comes from.'),
          priority: z.number().int().describe('As apt_preferences(5) has it.'),
        }),
      )
      .optional()
      .describe('Which versions apt takes, sorted by package; the image keeps them. Absent where the spec has none.'),
    hold: z
      .array(z.string())
      .optional()
      .describe('Names of installed packages to hold, sorted; absent where none are.'),
    archives: archivesSchema
      .optional()
      .describe('Archives beside the distribution’s that packages are taken from; absent where the spec has none.'),
    secrets: archiveSecretsSchema.optional(),
    kernel: z.string().optional().describe('The kernel package; absent where no output boots.'),
    outputs: z
      .array(z.enum(outputTypes))
      .describe('What will be made of the tree, sorted: it decides the boot packages.'),
    locked,
  }),
} as const satisfies ProgramDeclaration;
