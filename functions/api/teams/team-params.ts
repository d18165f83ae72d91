import { z } from 'zod';
import { memberIdSchema } from '../../../core/access/member-record.ts';
import { teamIdSchema } from '../../../core/teams/team-record.ts';

export const teamParamsSchema = z.strictObject({ teamId: teamIdSchema.describe('Id of the team.') });

export const teamMemberParamsSchema = teamParamsSchema.extend({ memberId: memberIdSchema });
