import { z } from 'zod';
import { archivesSchema } from '../../spec/configuration/archives.ts';
import { cloudInitSchema } from '../../spec/configuration/cloud-init.ts';
import { firewallSchema } from '../../spec/configuration/firewall.ts';
import { kernelModulesSchema } from '../../spec/configuration/kernel-modules.ts';
import { ntpSchema } from '../../spec/configuration/ntp.ts';
import { sshSchema } from '../../spec/configuration/ssh.ts';
import { sysctlSchema } from '../../spec/configuration/sysctl.ts';
import { updatesSchema } from '../../spec/configuration/updates.ts';
import type { ProgramDeclaration } from './program.ts';
import { unitPaths } from './unit-paths.ts';

const unitNames = z.array(z.string());

/**
 * Declaration of `configuration`: writes the files of the typed sections and links their units, as data. Its options are
 * the spec's own schemas: what reaches the builder is judged once more by the rules that keep it within a file's syntax.
 */
export const configuration = {
  name: 'configuration',
  version: 2,
  summary: 'Writes the typed configuration: firewall, ssh, time, kernel, updates',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  // All that is written lies below /etc.
  readsPaths: () => unitPaths,
  hostTools: ['systemctl'],
  timeoutSeconds: 300,
  options: z.strictObject({
    archives: archivesSchema.optional(),
    ntp: ntpSchema.optional(),
    firewall: firewallSchema.optional(),
    sysctl: sysctlSchema.optional(),
    modules: kernelModulesSchema.optional(),
    ssh: sshSchema.optional(),
    cloudInit: cloudInitSchema.optional(),
    updates: updatesSchema.optional(),
    enable: unitNames.describe('Units of these sections that start at boot; the image has them.'),
    disable: unitNames.describe('Units that do not, where the image has them.'),
  }),
} as const satisfies ProgramDeclaration;

/** Declaration of `certificates`: adds certificates of authorities to those that the image trusts. */
export const certificates = {
  name: 'certificates',
  version: 1,
  summary: 'Adds certificates of authorities to those that the image trusts',
  trust: 'service',
  produces: 'layer',
  reads: 'tree',
  hostTools: ['chroot'],
  timeoutSeconds: 600,
  options: z.strictObject({
    certificates: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(/^lbuild-[0-9a-f]{12}$/)
            .describe('Name of its file, without the ending.'),
          content: z.string().describe('The certificate in PEM.'),
        }),
      )
      .min(1),
  }),
} as const satisfies ProgramDeclaration;
