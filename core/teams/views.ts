import { z } from 'zod';
import { memberKinds } from '../access/member-record.ts';
import type { TeamMember } from './team-members.ts';
import type { CountedTeam } from './team-repository.ts';

/** What the API shows of teams. */

export const teamViewSchema = z
  .strictObject({
    teamId: z.string(),
    name: z.string(),
    description: z.string(),
    members: z.number().int().describe('How many are in it.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'Team' });

export function teamView({ team, members }: CountedTeam): z.input<typeof teamViewSchema> {
  const { tenantId: _, ...shown } = team;
  return { ...shown, members };
}

export const teamMemberViewSchema = z
  .strictObject({
    memberId: z.string(),
    kind: z.enum(memberKinds),
    name: z.string(),
    roles: z.array(z.string()).describe('What they are in this team.'),
    addedAt: z.string(),
  })
  .meta({ id: 'TeamMember' });

export function teamMemberView({ member, membership }: TeamMember): z.input<typeof teamMemberViewSchema> {
  const { memberId, kind, name } = member;
  return { memberId, kind, name, roles: membership.roles, addedAt: membership.addedAt };
}
