import type { TableKey } from '../ports/table.ts';

/** Where teams stand in the table: in partitions that the tenant's id begins. */
export const teamPlace = (tenantId: string, teamId: string): TableKey => ({
  partition: `TENANT#${tenantId}#TEAMS`,
  sort: teamId,
});

/** That a member is in a team, for the list of it alone: what they may there stands in the member's record. */
export const teamMemberPlace = (tenantId: string, teamId: string, memberId: string): TableKey => ({
  partition: `TENANT#${tenantId}#TEAM#${teamId}`,
  sort: memberId,
});

/** That a build is of a team: a list of its builds reads these, in the order of their ids, which is that of submission. */
export const teamBuildPlace = (tenantId: string, teamId: string, buildId: string): TableKey => ({
  partition: `TEAMBUILDS#${tenantId}#${teamId}`,
  sort: buildId,
});
