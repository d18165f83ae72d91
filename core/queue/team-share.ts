import { z } from 'zod';
import type { Reach } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { getTeam } from '../teams/team-repository.ts';
import { teamWeight, weightSchema } from './share-repository.ts';
import { runningBuildsOfTeam } from './slots.ts';

/** A team's share of what its tenant gets of the slots. */
export const teamShareSchema = z
  .strictObject({
    teamId: z.string(),
    weight: weightSchema,
    running: z.number().int().describe('Its builds that run now.'),
  })
  .meta({ id: 'TeamShare' });
export type TeamShareView = z.infer<typeof teamShareSchema>;

/** @throws EngineError team.not_found */
export async function readTeamShare(table: Table, reach: Reach, teamId: string): Promise<TeamShareView> {
  const { tenantId } = reach;
  await getTeam(table, reach, teamId);
  const [{ weight }, running] = await Promise.all([
    teamWeight(table, tenantId, teamId),
    runningBuildsOfTeam(table, { tenantId, teamId }),
  ]);
  return { teamId, weight, running };
}

/** Gives a team another weight, from its next build on. @throws EngineError team.not_found */
export async function setTeamShare(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  actor: Actor,
  { reach, teamId }: { readonly reach: Reach; readonly teamId: string },
  weight: number,
): Promise<TeamShareView> {
  await getTeam(ports.table, reach, teamId);
  for (;;) {
    const stored = await teamWeight(ports.table, reach.tenantId, teamId);
    const detail = { weight, before: stored.weight };
    try {
      await ports.table.transact([
        stored.write(weight),
        auditWrite(ports, actor, { action: 'team.share_set', target: teamId, detail }),
      ]);
      return await readTeamShare(ports.table, reach, teamId);
    } catch (error) {
      // A build of the team's started or ended between.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
