import { z } from 'zod';
import { roleNameSchema } from '../access/role-record.ts';
import { teamLimits } from './limits.ts';

export const teamIdSchema = z.string().regex(/^team_[0-9A-Z]{26}$/);

export const teamNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'_-]{0,99}$/u)
  .describe('Shown to people: 1 to 100 letters, digits, spaces, dots, apostrophes, underscores, hyphens.');

export const teamDescriptionSchema = z.string().max(200).describe('For people, at most 200 characters.');

export const teamRolesSchema = z
  .array(roleNameSchema)
  .min(1)
  .max(teamLimits.rolesInTeam)
  .transform((names) => [...new Set(names)].sort())
  .describe('Built-in roles, or the tenant’s own. What they hold counts for what belongs to this team.');

/** A team of a tenant. The counter `members` beside it says how many are in it. */
export const teamRecordSchema = z.strictObject({
  teamId: teamIdSchema,
  tenantId: z.string(),
  name: teamNameSchema,
  description: z.string(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type TeamRecord = z.infer<typeof teamRecordSchema>;

/**
 * A member's part in a team. It stands in the member's own record, which every request reads anyway: so a change holds
 * at the next request, and no request reads more for it.
 */
export const membershipSchema = z.strictObject({
  teamId: teamIdSchema,
  roles: z.array(roleNameSchema),
  addedAt: z.iso.datetime(),
});
export type Membership = z.infer<typeof membershipSchema>;
