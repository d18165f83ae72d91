import { z } from 'zod';
import { complianceSchema } from '../compliance/settings.ts';
import { vulnerabilityPolicySchema } from '../vulnerabilities/policy.ts';
import { groupSchema, rootAccountSchema, userSchema } from './accounts.ts';
import { baseSchema } from './base.ts';
import { archivesSchema } from './configuration/archives.ts';
import { certificatesSchema } from './configuration/certificates.ts';
import { cloudInitSchema } from './configuration/cloud-init.ts';
import { firewallSchema } from './configuration/firewall.ts';
import { sshSchema } from './configuration/ssh.ts';
import { sysctlSchema } from './configuration/sysctl.ts';
import { updatesSchema } from './configuration/updates.ts';
import { directorySchema } from './directories.ts';
import { diskSchema } from './disk-layout.ts';
import { embedSpecField } from './embedded-spec.ts';
import { fileSchema } from './files.ts';
import { firstBootSchema } from './first-boot.ts';
import { specLimits } from './limits.ts';
import { lockField } from './lock.ts';
import { outputSchema, type ResolvedOutput } from './outputs.ts';
import { kernelSchema, packagesSchema } from './packages.ts';
import { patternText } from './refusal.ts';
import { removalSchema } from './removals.ts';
import { servicesSchema } from './services.ts';
import { stepSchema } from './steps.ts';
import type { ResolvedSudo } from './sudo.ts';
import { systemSchema } from './system.ts';
import { testSchema } from './tests.ts';

/** The build spec as a user writes it. Its output has the defaults that depend on nothing else. */
export const specSchema = z
  .strictObject({
    schemaVersion: z.literal(1).describe('Version of this format.'),
    name: patternText({
      pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
      maxLength: 63,
      what: 'a name for a spec',
      remedy: 'Use lower-case letters, digits and inner hyphens; at most 63 characters.',
    }).describe('Name of the image; files are named after it.'),
    base: baseSchema,
    lock: lockField.optional(),
    archives: archivesSchema.optional(),
    packages: packagesSchema.prefault({}),
    system: systemSchema.prefault({}),
    groups: z.array(groupSchema).max(specLimits.groups.value).default([]).describe('Groups to add.'),
    users: z.array(userSchema).max(specLimits.users.value).default([]).describe('Users to add.'),
    rootAccount: rootAccountSchema.optional(),
    directories: z
      .array(directorySchema)
      .max(specLimits.directories.value)
      .optional()
      .describe('Folders to make, before the files.'),
    files: z.array(fileSchema).max(specLimits.files.value).default([]).describe('Files to write.'),
    remove: z
      .array(removalSchema)
      .max(specLimits.removals.value)
      .optional()
      .describe('Paths to remove, after the files are written.'),
    services: servicesSchema.prefault({}),
    firstBoot: z
      .array(firstBootSchema)
      .max(specLimits.firstBootScripts.value)
      .optional()
      .describe('Scripts that the system runs once, in their order, when it boots for the first time.'),
    kernel: kernelSchema.prefault({}),
    firewall: firewallSchema.optional(),
    sysctl: sysctlSchema.optional(),
    ssh: sshSchema.optional(),
    certificates: certificatesSchema.optional(),
    cloudInit: cloudInitSchema.optional(),
    updates: updatesSchema.optional(),
    steps: z
      .array(stepSchema)
      .max(specLimits.steps.value)
      .default([])
      .describe('Scripts to run in the image, after everything above is done.'),
    embedSpec: embedSpecField.optional(),
    disk: diskSchema.optional(),
    outputs: z
      .array(outputSchema)
      .min(1)
      .default([{ type: 'iso' }])
      .describe('What to make of the image, each type at most once.'),
    tests: z
      .array(testSchema)
      .max(specLimits.tests.value)
      .optional()
      .describe('What must hold of the image in a machine that boots it; where one does not, nothing is published.'),
    compliance: complianceSchema.optional(),
    vulnerabilities: vulnerabilityPolicySchema.optional(),
  })
  .describe('A build spec: what an image is made of and what is made of it.');

export type Spec = z.output<typeof specSchema>;
/** A spec as it may be written: members with defaults may be left out. */
export type SpecInput = z.input<typeof specSchema>;

/** With every member given, but for those that have no default. */
type Settled<Fields, Optional extends keyof Fields> = Required<Omit<Fields, Optional>> & Pick<Fields, Optional>;

export type ResolvedUser = Omit<Spec['users'][number], 'sudo'> & {
  readonly home: string;
  readonly sudo?: ResolvedSudo | undefined;
};
export type ResolvedStep = Spec['steps'][number] & { readonly needs: readonly string[] };

/**
 * The spec with every default filled and its unordered lists sorted: what is planned, stored and approved. It is a
 * spec itself, and resolves to itself. `needs` of a step is always given; `[]` means only the declarative base.
 */
export type ResolvedSpec = Readonly<
  Omit<Spec, 'system' | 'users' | 'kernel' | 'steps' | 'outputs'> & {
    system: Settled<Spec['system'], 'ntp'>;
    users: ResolvedUser[];
    kernel: Settled<Spec['kernel'], 'modules'>;
    steps: ResolvedStep[];
    outputs: ResolvedOutput[];
  }
>;
