import { z } from 'zod';
import { teamIdSchema } from '../../../core/teams/team-record.ts';

const flag = z.enum(['true', 'false']);

/** Members of a query that say how a build runs: its spec is about the image. */
export const keepGoingQuery = {
  keepGoing: flag
    .optional()
    .describe('true: a failure ends only what needs the failed step; else it ends the whole build soon.'),
};

/** Of a build that is begun anew; one that repeats another belongs to whom that does. */
export const teamQuery = {
  team: teamIdSchema.optional().describe('Id of the team that the build is to belong to; else it is of no team.'),
};

export const forceQuery = {
  force: flag
    .default('false')
    .describe('true: runs on its own, though the tenant runs the same plan already. The cache serves it all the same.'),
};

/** `force` as a fact, where it is true. */
export function readForce(value: z.output<typeof flag>): { force?: true } {
  return value === 'true' ? { force: true } : {};
}

/** `keepGoing` as a fact; undefined where the caller did not say. */
export function readKeepGoing(value: z.output<typeof flag> | undefined): { keepGoing?: boolean } {
  return value === undefined ? {} : { keepGoing: value === 'true' };
}
