import type { TableWrite } from '../ports/table.ts';
import { teamLimits } from './limits.ts';
import { teamMemberPlace, teamPlace } from './places.ts';

/** The writes by which a team has a member more, beside those of the member's own record. */
export function joiningWrites(tenantId: string, teamId: string, memberId: string): TableWrite[] {
  return [
    countWrite(tenantId, teamId, 1),
    { kind: 'put', key: teamMemberPlace(tenantId, teamId, memberId), data: {}, condition: { kind: 'absent' } },
  ];
}

/** The same by which it has one fewer. */
export function leavingWrites(tenantId: string, teamId: string, memberId: string): TableWrite[] {
  return [
    countWrite(tenantId, teamId, -1),
    { kind: 'delete', key: teamMemberPlace(tenantId, teamId, memberId), condition: { kind: 'exists' } },
  ];
}

/** Counts a team's members, so that one that has some is not removed, and one that is being removed takes in nobody. */
function countWrite(tenantId: string, teamId: string, by: 1 | -1): TableWrite {
  return {
    ...{ kind: 'increment', key: teamPlace(tenantId, teamId), counter: 'members', by, min: 0 },
    ...{ max: teamLimits.members, condition: { kind: 'exists' } },
  };
}
