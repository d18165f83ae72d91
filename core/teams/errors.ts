/** Errors of teams, as core/error-catalogue.ts has all of them. */
export const teamErrors = {
  'team.not_found': {
    status: 404,
    title: 'There is no such team',
    remedy: 'See GET /v1/teams for those that there are.',
  },
  'team.in_use': {
    status: 409,
    title: 'The team has members',
    remedy: 'Take its members out first (GET /v1/teams/{teamId}/members shows them).',
  },
  'team.too_many': {
    status: 409,
    title: 'The tenant has as many teams as it may',
    remedy: 'Remove one that is not needed any more.',
  },
  'team.full': {
    status: 409,
    title: 'The team has as many members as it may',
    remedy: 'Take one out, or make a second team.',
  },
  'team.too_many_of_member': {
    status: 409,
    title: 'The member is in as many teams as they may',
    remedy: 'Take them out of one first, or give them a role in the tenant.',
  },
  'team.not_a_member': {
    status: 404,
    title: 'The team has no such member',
    remedy: 'See GET /v1/teams/{teamId}/members for those that it has.',
  },
} as const;
