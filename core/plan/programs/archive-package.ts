import { z } from 'zod';

/** Priorities of Debian Policy 2.5. An archive may give another than the package itself says. */
const priorities = ['required', 'important', 'standard', 'optional', 'extra'] as const;

/**
 * A package file that a step took from an archive. The forms are Debian Policy's own, so that each field can stand in a
 * stanza, a list of pins, or an address.
 */
export const archivePackageSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9+.-]{0,199}$/),
    version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,199}$/),
    architecture: z.string().regex(/^[a-z0-9-]{1,60}$/),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('Of the .deb.'),
    size: z.number().int().min(0).describe('Bytes of the .deb.'),
    path: z
      .string()
      .max(400)
      .regex(/^[A-Za-z0-9][A-Za-z0-9+._~%:-]*(?:\/[A-Za-z0-9][A-Za-z0-9+._~%:-]*)*\.deb$/)
      .describe('Where the archive has it, below its address.'),
    suite: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
      .describe('The suite whose index listed it.'),
    archive: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/)
      .optional()
      .describe('Name of the archive in the spec; absent: the distribution’s own.'),
    priority: z
      .enum(priorities)
      .optional()
      .describe('As the index has it, which decides whether it is in the minimal system.'),
  })
  .describe('A package file of an archive.');
export type ArchivePackage = z.infer<typeof archivePackageSchema>;

/** Packages of a step, at most; a desktop with all that it recommends has 3,000. */
export const mostArchivePackages = 20_000;

/** A package as people call it: `bash 5.2.37-2`. */
export const packageTitle = ({ name, version }: Pick<ArchivePackage, 'name' | 'version'>): string =>
  `${name} ${version}`;

/** The priority that an index gives, where it is one of the policy's. */
export function priorityOf(text: string): ArchivePackage['priority'] {
  return priorities.find((priority) => priority === text);
}
