/** Bounds of teams, so that each list is a few pages and the removal of a member one transaction of at most 100 writes. */
export const teamLimits = {
  /** Of a tenant. */
  teams: 200,
  /** Of a team. */
  members: 500,
  /** Teams of one member: a request reads the roles of all of them. */
  teamsOfMember: 15,
  /** Roles of one member inside one team. */
  rolesInTeam: 5,
} as const;
