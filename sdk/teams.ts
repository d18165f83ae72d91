import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { ChangeTeamData, CreateTeamData, Team, TeamMember, TeamShare } from './generated/types.gen.ts';
import { everyPage } from './pages.ts';

/** The calls of a client that are about teams. */
export function teamCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** Makes a team, with nobody in it. */
  const createTeam = async (body: CreateTeamData['body']): Promise<Team> =>
    (await operations.createTeam({ ...shared, body })).data;

  /** Every team that the caller may read. */
  const listTeams = (): Promise<readonly Team[]> =>
    everyPage(async (query) => {
      const { teams, ...rest } = (await operations.listTeams({ ...shared, query })).data;
      return { entries: teams, ...rest };
    });

  const readTeam = async (teamId: string): Promise<Team> =>
    (await operations.readTeam({ ...shared, path: { teamId } })).data;

  const changeTeam = async (teamId: string, body: ChangeTeamData['body']): Promise<Team> =>
    (await operations.changeTeam({ ...shared, path: { teamId }, body })).data;

  /** Removes a team that has no members; what was its own stays the tenant's. */
  const removeTeam = async (teamId: string): Promise<void> => {
    await operations.removeTeam({ ...shared, path: { teamId } });
  };

  /** The weight of a team among those of its tenant, and how many of its builds run. */
  const readTeamShare = async (teamId: string): Promise<TeamShare> =>
    (await operations.readTeamShare({ ...shared, path: { teamId } })).data;

  const setTeamShare = async (teamId: string, weight: number): Promise<TeamShare> =>
    (await operations.setTeamShare({ ...shared, path: { teamId }, body: { weight } })).data;

  /** Everybody who is in a team, with their roles there. */
  const listTeamMembers = (teamId: string): Promise<readonly TeamMember[]> =>
    everyPage(async (query) => {
      const { members, ...rest } = (await operations.listTeamMembers({ ...shared, path: { teamId }, query })).data;
      return { entries: members, ...rest };
    });

  /** Takes a member into a team, or changes what they are there. */
  const setTeamMember = async (teamId: string, memberId: string, roles: readonly string[]): Promise<TeamMember> =>
    (await operations.setTeamMember({ ...shared, path: { teamId, memberId }, body: { roles: [...roles] } })).data;

  /** Takes a member out of a team; they stay in the tenant. */
  const removeTeamMember = async (teamId: string, memberId: string): Promise<void> => {
    await operations.removeTeamMember({ ...shared, path: { teamId, memberId } });
  };

  return {
    ...{ createTeam, listTeams, readTeam, changeTeam, removeTeam },
    ...{ listTeamMembers, setTeamMember, removeTeamMember, readTeamShare, setTeamShare },
  };
}
