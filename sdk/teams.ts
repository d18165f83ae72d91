import * as operations from './generated/sdk.gen.ts';
import type {
  ChangeTeamData,
  CreateTeamData,
  ListTeamMembersResponse,
  ListTeamsResponse,
  Team,
  TeamMember,
  TeamShare,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** Teams. @internal */
export function teamCalls(engine: Transport) {
  const at = (teamId: string, options: CallOptions | undefined) => ({ ...engine.of(options), path: { teamId } });
  return {
    /** Makes a team, with nobody in it. */
    create: async (body: CreateTeamData['body'], options?: KeyedCallOptions): Promise<Team> =>
      (await operations.createTeam({ ...engine.of(options), body })).data,

    /** The teams that the caller may read. */
    list: (query: PageQuery = {}, options?: CallOptions): Listing<ListTeamsResponse, Team> =>
      listing(
        query,
        async (page) => (await operations.listTeams({ ...engine.of(options), query: page })).data,
        ({ teams }) => teams,
      ),

    read: async (teamId: string, options?: CallOptions): Promise<Team> =>
      (await operations.readTeam(at(teamId, options))).data,

    change: async (teamId: string, body: ChangeTeamData['body'], options?: CallOptions): Promise<Team> =>
      (await operations.changeTeam({ ...at(teamId, options), body })).data,

    /** Removes a team that has no members; what was its own stays the tenant's. */
    remove: async (teamId: string, options?: CallOptions): Promise<void> => {
      await operations.removeTeam(at(teamId, options));
    },

    /** The weight of a team among those of its tenant, and how many of its builds run. */
    readShare: async (teamId: string, options?: CallOptions): Promise<TeamShare> =>
      (await operations.readTeamShare(at(teamId, options))).data,

    setShare: async (teamId: string, weight: number, options?: CallOptions): Promise<TeamShare> =>
      (await operations.setTeamShare({ ...at(teamId, options), body: { weight } })).data,

    /** Everybody who is in a team, with their roles there. */
    listMembers: (
      teamId: string,
      query: PageQuery = {},
      options?: CallOptions,
    ): Listing<ListTeamMembersResponse, TeamMember> =>
      listing(
        query,
        async (page) => (await operations.listTeamMembers({ ...at(teamId, options), query: page })).data,
        ({ members }) => members,
      ),

    /** Takes a member into a team, or changes what they are there. */
    setMember: async (
      teamId: string,
      memberId: string,
      roles: readonly string[],
      options?: CallOptions,
    ): Promise<TeamMember> => {
      const call = { ...engine.of(options), path: { teamId, memberId }, body: { roles: [...roles] } };
      return (await operations.setTeamMember(call)).data;
    },

    /** Takes a member out of a team; they stay in the tenant. */
    removeMember: async (teamId: string, memberId: string, options?: CallOptions): Promise<void> => {
      await operations.removeTeamMember({ ...engine.of(options), path: { teamId, memberId } });
    },
  };
}
