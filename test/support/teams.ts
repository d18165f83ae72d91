import { authenticate } from '../../core/access/authenticate.ts';
import type { KeyPorts } from '../../core/access/key-repository.ts';
import type { Principal } from '../../core/access/principal.ts';
import { wholeTenant } from '../../core/access/reach.ts';
import { setTeamMember } from '../../core/teams/team-members.ts';
import { createTeam } from '../../core/teams/team-repository.ts';
import { keyWith } from './members.ts';

/** Who calls with a key. */
export const principalWith = (ports: KeyPorts, key: string): Promise<Principal> =>
  authenticate(ports, { authorization: `Bearer ${key}`, sourceAddress: '127.0.0.1', requestId: 'req_1' });

/** A team, made by who runs the installation. */
export async function teamOfTenant(ports: KeyPorts, operator: Principal, name: string): Promise<string> {
  return (await createTeam(ports, operator, { name, description: '' })).team.teamId;
}

/** A key of a new member who is in teams, by team with roles, and in the tenant nothing but `roles`. */
export async function keyInTeams(
  ports: KeyPorts,
  operator: Principal,
  teams: Readonly<Record<string, readonly string[]>>,
  { roles = ['member'], ...content }: Parameters<typeof keyWith>[3] & { readonly roles?: readonly string[] } = {},
): Promise<{ readonly text: string; readonly memberId: string }> {
  const { tenantId } = operator;
  const { text, record } = await keyWith(ports, tenantId, roles, content);
  const { memberId } = record;
  for (const [teamId, there] of Object.entries(teams)) {
    await setTeamMember(ports, operator, { reach: wholeTenant(tenantId), teamId, memberId }, there);
  }
  return { text, memberId };
}
