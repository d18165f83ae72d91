import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memberViewSchema } from '../../../core/access/views.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { teamLimits } from '../../../core/teams/limits.ts';
import { teamMemberViewSchema, teamViewSchema } from '../../../core/teams/views.ts';
import { memberWith } from '../../support/members.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { withoutRequestId } from './http-call.ts';
import { teamsUnder } from './teams-under-test.ts';

const missingTeam = `team_${'0'.repeat(26)}`;
const _buildListSchema = z.object({ builds: z.array(buildViewSchema), cursor: z.string().optional() });

/** Teams: who is what in them, what belongs to them, and who reaches it. */
export function describeTeams(api: () => ApiUnderTest): void {
  describe('teams', () => {
    const { at, send, refusal, team, inTeams } = teamsUnder(api);

    it('are made, read, listed, changed and removed', async () => {
      const made = await send('POST', '/v1/teams', { name: 'Web', description: 'edge images' });
      expect(made.status).toBe(201);
      const web = teamViewSchema.parse(made.json());
      expect(web).toMatchObject({ name: 'Web', description: 'edge images', members: 0 });
      expect((await send('GET', `/v1/teams/${web.teamId}`)).json()).toEqual(web);
      const changed = await send('PATCH', `/v1/teams/${web.teamId}`, { name: 'Edge' });
      expect(changed.json()).toMatchObject({ name: 'Edge', description: 'edge images' });
      const list = z.object({ teams: z.array(teamViewSchema) });
      const { teams } = list.parse((await send('GET', '/v1/teams?limit=100')).json());
      expect(teams.map(({ teamId }) => teamId)).toContain(web.teamId);
      expect((await send('DELETE', `/v1/teams/${web.teamId}`)).status).toBe(200);
      expect(refusal(await send('GET', `/v1/teams/${web.teamId}`))).toEqual([404, 'team.not_found']);
      expect(refusal(await send('DELETE', `/v1/teams/${web.teamId}`))).toEqual([404, 'team.not_found']);
    });

    it('are made once for one Idempotency-Key', async () => {
      const once = (name: string) =>
        send('POST', '/v1/teams', { name }, at.tenant.keys.owner, { 'idempotency-key': 'team-1' });
      const [first, again] = [await once('Once'), await once('Once')];
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(again.json()).toEqual(first.json());
      expect(refusal(await once('Twice'))).toEqual([422, 'idempotency.mismatch']);
    });

    it('of another tenant are as those that are not there', async () => {
      const [teamId, { memberId }] = [await team('Ours'), await memberWith(api().ports, at.other.tenantId, ['viewer'])];
      for (const [method, rest, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { name: 'Eve' }],
        ['DELETE', '', undefined],
        ['GET', '/members', undefined],
        ['PUT', `/members/${memberId}`, { roles: ['viewer'] }],
        ['DELETE', `/members/${memberId}`, undefined],
      ] as const) {
        const [theirs, none] = [
          await send(method, `/v1/teams/${teamId}${rest}`, body, at.other.keys.owner),
          await send(method, `/v1/teams/${missingTeam}${rest}`, body, at.other.keys.owner),
        ];
        expect([method, rest, theirs.status]).toEqual([method, rest, 404]);
        expect(withoutRequestId(theirs)).toBe(withoutRequestId(none));
      }
      const foreign = await send('PUT', `/v1/teams/${teamId}/members/${memberId}`, { roles: ['viewer'] });
      expect(refusal(foreign)).toEqual([404, 'member.not_found']);
      const started = await send('POST', `/v1/builds?team=${teamId}`, exampleSpec, at.other.keys.owner);
      expect(refusal(started)).toEqual([404, 'team.not_found']);
    });

    it('have members with roles, who are not removed with a team unawares', async () => {
      const teamId = await team('Crew');
      const { memberId } = await memberWith(api().ports, at.tenant.tenantId, ['member'], 'person');
      const path = `/v1/teams/${teamId}/members/${memberId}`;
      const joined = await send('PUT', path, { roles: ['viewer', 'builder', 'viewer'] });
      expect([joined.status, teamMemberViewSchema.parse(joined.json()).roles]).toEqual([201, ['builder', 'viewer']]);
      expect((await send('PUT', path, { roles: ['viewer'] })).status).toBe(200);
      const { members } = z
        .object({ members: z.array(teamMemberViewSchema) })
        .parse((await send('GET', `/v1/teams/${teamId}/members`)).json());
      expect(members).toMatchObject([{ memberId, kind: 'person', roles: ['viewer'] }]);
      const read = memberViewSchema.parse((await send('GET', `/v1/members/${memberId}`)).json());
      expect(read.teams).toMatchObject([{ teamId, roles: ['viewer'] }]);
      expect((await send('GET', `/v1/teams/${teamId}`)).json()).toMatchObject({ members: 1 });
      expect(refusal(await send('DELETE', `/v1/teams/${teamId}`))).toEqual([409, 'team.in_use']);
      expect((await send('DELETE', path)).status).toBe(200);
      expect(refusal(await send('DELETE', path))).toEqual([404, 'team.not_a_member']);
      expect((await send('DELETE', `/v1/teams/${teamId}`)).status).toBe(200);
    });

    it('lose the members whom the tenant loses, and free the roles that these had there', async () => {
      const [one, two] = [await team('One'), await team('Two')];
      await send('PUT', '/v1/roles/crew', { grants: ['builds:read'] });
      const { memberId, text } = await inTeams({ [one]: ['crew'], [two]: ['crew', 'viewer'] });
      expect(refusal(await send('DELETE', '/v1/roles/crew'))).toEqual([409, 'role.in_use']);
      expect((await send('GET', '/v1/builds', undefined, text)).status).toBe(200);
      expect((await send('DELETE', `/v1/members/${memberId}`)).status).toBe(200);
      expect((await send('GET', '/v1/builds', undefined, text)).status).toBe(401);
      for (const teamId of [one, two]) {
        expect((await send('GET', `/v1/teams/${teamId}`)).json()).toMatchObject({ members: 0 });
        expect((await send('GET', `/v1/teams/${teamId}/members`)).json()).toEqual({ members: [] });
      }
      expect((await send('DELETE', '/v1/roles/crew')).status).toBe(200);
    });

    it('give no more than whoever lets somebody in holds, there or in the tenant', async () => {
      const [mine, theirs] = [await team('Mine'), await team('Theirs')];
      await send('PUT', '/v1/roles/lead', { grants: ['builds:read', 'teams:read', 'teams:write'] });
      const lead = await inTeams({ [mine]: ['lead'], [theirs]: ['viewer'] });
      const { memberId } = await memberWith(api().ports, at.tenant.tenantId, ['member']);
      const put = (teamId: string, who: string, roles: string[], key = lead.text) =>
        send('PUT', `/v1/teams/${teamId}/members/${who}`, { roles }, key);
      expect((await put(mine, memberId, ['lead'])).status).toBe(201);
      for (const role of ['builder', 'admin', 'owner', 'operator']) {
        expect([role, ...refusal(await put(mine, memberId, [role]))]).toEqual([role, 403, 'access.not_held']);
        expect([role, ...refusal(await put(mine, lead.memberId, [role]))]).toEqual([role, 403, 'access.not_held']);
      }
      expect(refusal(await put(theirs, memberId, ['member']))).toEqual([404, 'team.not_found']);
      expect(refusal(await put(mine, memberId, ['nobody']))).toEqual([404, 'role.not_found']);
      // Nor is taken from others what one lacks.
      const { memberId: builder } = await inTeams({ [mine]: ['builder'] });
      expect(refusal(await put(mine, builder, ['lead']))).toEqual([403, 'access.not_held']);
      const path = `/v1/teams/${mine}/members/${builder}`;
      expect(refusal(await send('DELETE', path, undefined, lead.text))).toEqual([403, 'access.not_held']);
      // An admin of the tenant makes nobody an owner there; nobody inside a team makes or removes one.
      expect(refusal(await put(mine, memberId, ['owner'], at.tenant.keys.admin))).toEqual([403, 'access.not_held']);
      expect(refusal(await send('DELETE', `/v1/teams/${mine}`, undefined, lead.text))[1]).toBe('access.forbidden');
      expect(refusal(await send('POST', '/v1/teams', { name: 'New' }, lead.text))[1]).toBe('access.forbidden');
      expect((await send('PATCH', `/v1/teams/${mine}`, { name: 'Renamed' }, lead.text)).status).toBe(200);
    });

    it('show those who are in them alone these teams, page by page', async () => {
      const ids = [await team('A'), await team('B'), await team('C')];
      const { text } = await inTeams(Object.fromEntries(ids.map((id) => [id, ['viewer']])));
      const seen: string[] = [];
      let cursor: string | undefined = '';
      while (cursor !== undefined) {
        const answer = await send('GET', `/v1/teams?limit=2${cursor}`, undefined, text);
        const page = z.object({ teams: z.array(teamViewSchema), cursor: z.string().optional() }).parse(answer.json());
        seen.push(...page.teams.map(({ teamId }) => teamId));
        cursor = page.cursor === undefined ? undefined : `&cursor=${encodeURIComponent(page.cursor)}`;
      }
      expect(seen).toEqual([...ids].sort());
    });

    it('are at most as many as the limits say, and so are those of a member', async () => {
      const many = await api().tenant('many');
      const [first = '', ...ids] = await Promise.all(
        Array.from({ length: teamLimits.teams }, async (_, number) =>
          teamViewSchema
            .parse((await send('POST', '/v1/teams', { name: `T${number}` }, many.keys.owner)).json())
            .teamId.toString(),
        ),
      );
      expect(refusal(await send('POST', '/v1/teams', { name: 'More' }, many.keys.owner))).toEqual([
        409,
        'team.too_many',
      ]);
      const { memberId } = await memberWith(api().ports, many.tenantId, ['member']);
      const join = (teamId: string) =>
        send('PUT', `/v1/teams/${teamId}/members/${memberId}`, { roles: ['viewer'] }, many.keys.owner);
      for (const teamId of ids.slice(0, teamLimits.teamsOfMember)) expect((await join(teamId)).status).toBe(201);
      expect(refusal(await join(first))).toEqual([409, 'team.too_many_of_member']);
      expect((await send('DELETE', `/v1/members/${memberId}`, undefined, many.keys.owner)).status).toBe(200);
    });

    it('write each change into the audit log', async () => {
      const fresh = await api().tenant('logged');
      const { teamId } = teamViewSchema.parse(
        (await send('POST', '/v1/teams', { name: 'T' }, fresh.keys.owner)).json(),
      );
      const { memberId } = await memberWith(api().ports, fresh.tenantId, ['member']);
      const path = `/v1/teams/${teamId}`;
      await send('PATCH', path, { name: 'U' }, fresh.keys.owner);
      await send('PUT', `${path}/members/${memberId}`, { roles: ['viewer'] }, fresh.keys.owner);
      await send('DELETE', `${path}/members/${memberId}`, undefined, fresh.keys.owner);
      await send('DELETE', path, undefined, fresh.keys.owner);
      const log = z
        .object({ unsealed: z.array(z.object({ action: z.string(), target: z.string() })) })
        .parse((await send('GET', '/v1/audit/tail', undefined, fresh.keys.owner)).json());
      const told = log.unsealed.filter(({ target }) => target === teamId).map(({ action }) => action);
      expect(told.sort()).toEqual([
        ...['team.changed', 'team.created', 'team.member_removed', 'team.member_set', 'team.removed'],
      ]);
    });
  });
}
