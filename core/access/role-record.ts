import { z } from 'zod';
import { isBuiltInRole } from './built-in-roles.ts';
import { grantSchema } from './grants.ts';
import { grants } from './permissions.ts';

/** Name of a role, built-in or a tenant's own. */
export const roleNameSchema = z
  .string()
  .regex(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
  .describe('1 to 40 lower-case letters, digits and inner hyphens, beginning with a letter.');

/** What a tenant says of a role of its own. */
export const roleContentSchema = z.strictObject({
  description: z.string().max(200).default('').describe('For people, at most 200 characters.'),
  grants: z
    .array(grantSchema)
    .max(grants.length)
    .transform((list) => [...new Set(list)].sort())
    .describe('`resource:action`, or `resource:*` for all of a resource, later ones included.'),
});

/** A role of a tenant's own. `members` counts who has it. */
export const roleRecordSchema = z.strictObject({
  tenantId: z.string(),
  name: roleNameSchema.refine((name) => !isBuiltInRole(name)),
  description: z.string(),
  grants: z.array(grantSchema),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type RoleRecord = z.infer<typeof roleRecordSchema>;
