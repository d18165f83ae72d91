import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import { reaches, reachWith } from '../../../core/access/reach.ts';
import { EngineError } from '../../../core/errors.ts';
import { priorities } from '../../../core/queue/priority.ts';
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

/** How a build stands among those of its team. Each submission says it anew: a build that repeats another has its own. */
export const priorityQuery = {
  priority: z
    .enum(priorities)
    .optional()
    .describe(
      'Where it stands among the builds of its team, or of its tenant where it has none; normal unless given. urgent needs builds:urgent.',
    ),
};

/**
 * `priority` as a build has it.
 * @param team of which the build will be: who may do so there may do so with its builds, which it stands among
 * @throws EngineError access.forbidden where it is urgent, and who asks may not
 */
export function readPriority(
  { priority }: { readonly priority?: (typeof priorities)[number] | undefined },
  principal: Principal,
  team: { readonly teamId?: string | undefined },
): { priority?: (typeof priorities)[number] } {
  const reach = priority === 'urgent' ? reachWith(principal, 'builds:urgent') : undefined;
  if (priority === 'urgent' && (reach === undefined || !reaches(reach, { ...team, tenantId: principal.tenantId }))) {
    throw new EngineError('access.forbidden', 'The priority urgent needs the permission builds:urgent.');
  }
  return priority === undefined ? {} : { priority };
}

/** `keepGoing` as a fact; undefined where the caller did not say. */
export function readKeepGoing(value: z.output<typeof flag> | undefined): { keepGoing?: boolean } {
  return value === undefined ? {} : { keepGoing: value === 'true' };
}
