import type { Operation } from '../../shared/operation.ts';
import { changeTeam } from './change-team.ts';
import { createTeam } from './create-team.ts';
import { listTeamMembers } from './list-team-members.ts';
import { listTeams } from './list-teams.ts';
import { readTeam } from './read-team.ts';
import { readTeamBudget } from './read-team-budget.ts';
import { readTeamQuota } from './read-team-quota.ts';
import { readTeamShare } from './read-team-share.ts';
import { removeTeam } from './remove-team.ts';
import { removeTeamBudget } from './remove-team-budget.ts';
import { removeTeamMember } from './remove-team-member.ts';
import { setTeamBudget } from './set-team-budget.ts';
import { setTeamMember } from './set-team-member.ts';
import { setTeamQuota } from './set-team-quota.ts';
import { setTeamShare } from './set-team-share.ts';

export const teamOperations: readonly Operation[] = [
  createTeam,
  listTeams,
  readTeam,
  changeTeam,
  removeTeam,
  listTeamMembers,
  setTeamMember,
  removeTeamMember,
  readTeamQuota,
  setTeamQuota,
  readTeamBudget,
  setTeamBudget,
  removeTeamBudget,
  readTeamShare,
  setTeamShare,
];
