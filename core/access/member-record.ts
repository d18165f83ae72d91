import { z } from 'zod';
import { membershipSchema } from '../teams/team-record.ts';
import { accessLimits } from './limits.ts';
import { roleNameSchema } from './role-record.ts';

export const memberKinds = ['person', 'service'] as const;

export const memberNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'_-]{0,99}$/u)
  .describe('Shown to people: 1 to 100 letters, digits, spaces, dots, apostrophes, underscores, hyphens.');

export const memberRolesSchema = z
  .array(roleNameSchema)
  .min(1)
  .max(accessLimits.rolesOfMember)
  .transform((names) => [...new Set(names)].sort())
  .describe('Built-in roles, or the tenant’s own. The member holds what they hold together.');

export const oidcSubjectSchema = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/)
  .describe('`sub` of their tokens at the issuer that the operator names.');

export const memberIdSchema = z.string().regex(/^mem_[0-9A-Z]{26}$/);

/** Somebody in a tenant: a person, or a service account, which programs use. Keys are theirs, and may what they may. */
export const memberRecordSchema = z.strictObject({
  memberId: memberIdSchema,
  tenantId: z.string(),
  kind: z.enum(memberKinds),
  name: memberNameSchema,
  email: z.email().max(254).exactOptional(),
  roles: z.array(roleNameSchema),
  /** The teams that they are in, each once, and what they are there. */
  teams: z.array(membershipSchema).exactOptional(),
  /** Who they are at the issuer that the operator names; absent: no token is theirs. */
  oidcSubject: oidcSubjectSchema.exactOptional(),
  /** Of the record that leads from that subject to them. */
  oidcLink: z.string().exactOptional(),
  /** Since when no key of theirs is taken; absent: never. */
  suspendedAt: z.iso.datetime().exactOptional(),
  /** Who took them in; absent: who runs the installation, or a version before this was kept. */
  addedBy: memberIdSchema.exactOptional(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type MemberRecord = z.infer<typeof memberRecordSchema>;

/** Whether somebody keeps the tenant from being without an owner: a person who can come in. */
export const isActiveOwner = (member: Pick<MemberRecord, 'kind' | 'roles' | 'suspendedAt'>): boolean =>
  member.kind === 'person' && member.roles.includes('owner') && member.suspendedAt === undefined;
