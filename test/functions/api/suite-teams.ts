import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import { memberViewSchema } from '../../../core/access/views.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { teamLimits } from '../../../core/teams/limits.ts';
import { teamMemberViewSchema, teamViewSchema } from '../../../core/teams/views.ts';
import { operations } from '../../../functions/api/operations.ts';
import { keyWith, memberWith } from '../../support/members.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf, withoutRequestId } from './http-call.ts';
import { forceState, storeArtifact } from './stored-build.ts';

const missingTeam = `team_${'0'.repeat(26)}`;
const buildListSchema = z.object({ builds: z.array(buildViewSchema), cursor: z.string().optional() });

/** Teams: who is what in them, what belongs to them, and who reaches it. */
export function describeTeams(api: () => ApiUnderTest): void {
  describe('teams', () => {
    let tenant: TenantUnderTest;
    let other: TenantUnderTest;
    let operator: Principal;
    beforeAll(async () => {
      [tenant, other] = await Promise.all([api().tenant('teams'), api().tenant('others')]);
      operator = await principalWith(api().ports, tenant.keys.operator);
    });
    const send = (method: string, path: string, body?: unknown, key = tenant.keys.owner, headers = {}) =>
      call(`${api().url}${path}`, {
        ...{ method, key, headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const refusal = (answer: Answer) => [answer.status, problemOf(answer).code];
    const team = (name: string) => teamOfTenant(api().ports, operator, name);
    const inTeams = (teams: Record<string, string[]>, more = {}) => keyInTeams(api().ports, operator, teams, more);
    const start = async (key: string, teamId?: string) => {
      const answer = await send('POST', `/v1/builds${teamId === undefined ? '' : `?team=${teamId}`}`, exampleSpec, key);
      expect(answer.status).toBe(202);
      return buildViewSchema.parse(answer.json());
    };

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
        send('POST', '/v1/teams', { name }, tenant.keys.owner, { 'idempotency-key': 'team-1' });
      const [first, again] = [await once('Once'), await once('Once')];
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(again.json()).toEqual(first.json());
      expect(refusal(await once('Twice'))).toEqual([422, 'idempotency.mismatch']);
    });

    it('of another tenant are as those that are not there', async () => {
      const [teamId, { memberId }] = [await team('Ours'), await memberWith(api().ports, other.tenantId, ['viewer'])];
      for (const [method, rest, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { name: 'Eve' }],
        ['DELETE', '', undefined],
        ['GET', '/members', undefined],
        ['PUT', `/members/${memberId}`, { roles: ['viewer'] }],
        ['DELETE', `/members/${memberId}`, undefined],
      ] as const) {
        const [theirs, none] = [
          await send(method, `/v1/teams/${teamId}${rest}`, body, other.keys.owner),
          await send(method, `/v1/teams/${missingTeam}${rest}`, body, other.keys.owner),
        ];
        expect([method, rest, theirs.status]).toEqual([method, rest, 404]);
        expect(withoutRequestId(theirs)).toBe(withoutRequestId(none));
      }
      const foreign = await send('PUT', `/v1/teams/${teamId}/members/${memberId}`, { roles: ['viewer'] });
      expect(refusal(foreign)).toEqual([404, 'member.not_found']);
      const started = await send('POST', `/v1/builds?team=${teamId}`, exampleSpec, other.keys.owner);
      expect(refusal(started)).toEqual([404, 'team.not_found']);
    });

    it('have members with roles, who are not removed with a team unawares', async () => {
      const teamId = await team('Crew');
      const { memberId } = await memberWith(api().ports, tenant.tenantId, ['member'], 'person');
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
      const { memberId } = await memberWith(api().ports, tenant.tenantId, ['member']);
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
      expect(refusal(await put(mine, memberId, ['owner'], tenant.keys.admin))).toEqual([403, 'access.not_held']);
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

    describe('have builds', () => {
      let [a, b] = ['', ''];
      let keys: Record<'inA' | 'readsA' | 'inBoth' | 'tenant', string>;
      beforeAll(async () => {
        [a, b] = [await team('Team A'), await team('Team B')];
        keys = {
          inA: (await inTeams({ [a]: ['builder'] })).text,
          readsA: (await inTeams({ [a]: ['viewer'] })).text,
          inBoth: (await inTeams({ [a]: ['builder'], [b]: ['viewer'] })).text,
          tenant: tenant.keys.builder,
        };
      });

      it('that who may build there, or in the tenant, starts', async () => {
        expect((await start(keys.inA, a)).teamId).toBe(a);
        expect((await start(keys.tenant, a)).teamId).toBe(a);
        expect((await start(keys.tenant)).teamId).toBeUndefined();
        const tries = [
          [keys.inA, '', 403, 'access.forbidden'],
          [keys.inA, `?team=${b}`, 404, 'team.not_found'],
          [keys.inA, `?team=${missingTeam}`, 404, 'team.not_found'],
          [keys.inBoth, `?team=${b}`, 403, 'access.forbidden'],
          [keys.readsA, `?team=${a}`, 403, 'access.forbidden'],
          [keys.tenant, `?team=${missingTeam}`, 404, 'team.not_found'],
          [keys.tenant, '?team=web', 400, 'request.invalid'],
        ] as const;
        for (const [key, query, ...expected] of tries) {
          expect([query, ...refusal(await send('POST', `/v1/builds${query}`, exampleSpec, key))]).toEqual([
            query,
            ...expected,
          ]);
        }
      });

      const ofOneBuild = operations.filter(({ path }) => path.startsWith('/v1/builds/{id}'));
      const ask = (path: string, id: string, method: string, key: string) =>
        call(`${api().url}${path.replace('{id}', id).replace('{other}', id).replace('{name}', 'edge-web.iso')}`, {
          ...{ method, key },
        });
      it.each(ofOneBuild.map(({ id, method, path }) => [id, method, path] as const))(
        '%s takes the role that somebody has in their team for its builds, and for no others',
        async (_id, method, path) => {
          const own = await start(keys.tenant, a);
          for (const id of [own.id]) {
            await storeArtifact(api().ports, tenant.tenantId, id, 'edge-web.iso', 'x');
            const answer = await ask(path, id, method, keys.inA);
            expect([401, 403]).not.toContain(answer.status);
            if (answer.status === 404) expect(problemOf(answer).code).not.toBe('build.not_found');
          }
          const none = await ask(path, api().ports.ids.next('bld'), method, keys.inA);
          for (const foreign of [await start(keys.tenant, b), await start(keys.tenant)]) {
            const answer = await ask(path, foreign.id, method, keys.inA);
            expect(refusal(answer)).toEqual([404, 'build.not_found']);
            expect(withoutRequestId(answer)).toBe(withoutRequestId(none));
            const names = (one: Answer) => [...one.headers.keys()].sort();
            expect(names(answer)).toEqual(names(none));
            expect((await ask(path, foreign.id, method, keys.tenant)).status).not.toBe(403);
          }
        },
      );

      it('that are compared and explained only where both are in reach', async () => {
        const [mine, theirs] = [await start(keys.tenant, a), await start(keys.tenant, b)];
        for (const { id } of [mine, theirs]) await forceState(api().ports, id, 'succeeded');
        const diff = await send('GET', `/v1/builds/${mine.id}/diff/${theirs.id}`, undefined, keys.inA);
        expect(refusal(diff)).toEqual([404, 'build.not_found']);
        const explained = await send('GET', `/v1/cache/explain?build=${theirs.id}`, undefined, keys.inA);
        expect(refusal(explained)).toEqual([404, 'build.not_found']);
        const own = await send('GET', `/v1/cache/explain?build=${mine.id}`, undefined, keys.inA);
        expect(refusal(own)).toEqual([409, 'build.not_planned']);
      });

      it('whose retries and resumptions are the team’s too, while it is there', async () => {
        const doomed = await team('Doomed');
        const build = await start(keys.tenant, doomed);
        await forceState(api().ports, build.id, 'failed');
        const again = async (what: string) =>
          buildViewSchema.parse((await send('POST', `/v1/builds/${build.id}:${what}`, undefined, keys.tenant)).json());
        expect([(await again('retry')).teamId, (await again('resume')).teamId]).toEqual([doomed, doomed]);
        expect((await send('DELETE', `/v1/teams/${doomed}`)).status).toBe(200);
        expect((await send('GET', `/v1/builds/${build.id}`, undefined, keys.tenant)).json()).toMatchObject({
          teamId: doomed,
        });
        expect([(await again('retry')).teamId, (await again('resume')).teamId]).toEqual([undefined, undefined]);
      });

      it('that are listed to who may read them, newest first, page by page, whatever lies between', async () => {
        const fresh = await api().tenant('pages of teams');
        const owner = await principalWith(api().ports, fresh.keys.operator);
        const teams = await Promise.all(['A', 'B', 'C'].map((name) => teamOfTenant(api().ports, owner, name)));
        const [one = '', two = '', three = ''] = teams;
        const both = (
          await keyInTeams(api().ports, owner, { [one]: ['viewer'], [two]: ['viewer'], [three]: ['member'] })
        ).text;
        const order = [one, undefined, two, three, one, three, undefined, two, one, three, three, two];
        const made: string[] = [];
        for (const teamId of order) made.push((await start(fresh.keys.owner, teamId)).id);
        const pages = async (key: string, query: string) => {
          const seen: string[][] = [];
          let cursor: string | undefined = '';
          while (cursor !== undefined) {
            const answer = await send('GET', `/v1/builds?${query}${cursor}`, undefined, key);
            const page = buildListSchema.parse(answer.json());
            seen.push(page.builds.map(({ id }) => id));
            cursor = page.cursor === undefined ? undefined : `&cursor=${encodeURIComponent(page.cursor)}`;
          }
          return seen;
        };
        const of = (...wanted: (string | undefined)[]) =>
          made.filter((_, place) => wanted.includes(order[place])).reverse();
        const seen = await pages(both, 'limit=2');
        expect(seen.flat()).toEqual(of(one, two));
        expect(seen.map((page) => page.length)).toEqual([2, 2, 2]);
        expect((await pages(both, `limit=4&team=${two}`)).flat()).toEqual(of(two));
        expect((await pages(both, `limit=4&team=${three}`)).flat()).toEqual([]);
        expect((await pages(fresh.keys.owner, `limit=3&team=${three}`)).flat()).toEqual(of(three));
        expect((await pages(fresh.keys.owner, 'limit=5')).flat()).toEqual([...made].reverse());
        const [first] = of(two);
        if (first !== undefined) await forceState(api().ports, first, 'failed');
        expect((await pages(both, 'limit=1&state=failed')).flat()).toEqual([first]);
        // A cursor serves the query that it came from.
        const { cursor = '' } = buildListSchema.parse(
          (await send('GET', '/v1/builds?limit=1', undefined, both)).json(),
        );
        const misused = await send(
          'GET',
          `/v1/builds?team=${one}&cursor=${encodeURIComponent(cursor)}`,
          undefined,
          both,
        );
        expect(refusal(misused)).toEqual([400, 'cursor.invalid']);
      });

      it('that a key’s scopes narrow, inside teams too', async () => {
        const narrow = (await inTeams({ [a]: ['builder'] }, { scopes: ['builds:read', 'keys:own'] })).text;
        const build = await start(keys.tenant, a);
        expect((await send('GET', `/v1/builds/${build.id}`, undefined, narrow)).status).toBe(200);
        const cancelled = await send('POST', `/v1/builds/${build.id}/cancel`, undefined, narrow);
        expect(refusal(cancelled)).toEqual([403, 'access.forbidden']);
        // One's own key is narrowed to what one has in a team, and widened by nobody.
        const key = (scopes: string[], by: string) => send('POST', '/v1/keys', { name: 'x', scopes }, by);
        expect((await key(['builds:read'], narrow)).status).toBe(201);
        expect(refusal(await key(['builds:create'], narrow))).toEqual([403, 'access.not_held']);
        expect(refusal(await send('POST', '/v1/keys', { name: 'x' }, narrow))).toEqual([403, 'access.not_held']);
      });

      it('that nobody comes to by a key for somebody who has more inside a team', async () => {
        await send('PUT', '/v1/roles/keys', { grants: ['keys:own', 'keys:write', 'tenant:read'] });
        const keeper = (await keyWith(api().ports, tenant.tenantId, ['keys'])).text;
        const { memberId } = await inTeams({ [a]: ['builder'] });
        const made = await send('POST', '/v1/keys', { name: 'x', memberId, scopes: ['tenant:read'] }, keeper);
        expect(refusal(made)).toEqual([403, 'access.not_held']);
        expect((await send('POST', '/v1/keys', { name: 'x', memberId })).status).toBe(201);
      });

      it('at the next request no more than what somebody is there then', async () => {
        const { text, memberId } = await inTeams({ [a]: ['builder'] });
        const build = await start(text, a);
        const read = () => send('GET', `/v1/builds/${build.id}`, undefined, text);
        expect((await read()).status).toBe(200);
        await send('PUT', `/v1/teams/${a}/members/${memberId}`, { roles: ['member'] });
        expect(refusal(await read())).toEqual([403, 'access.forbidden']);
        await send('PUT', `/v1/teams/${b}/members/${memberId}`, { roles: ['builder'] });
        expect(refusal(await read())).toEqual([404, 'build.not_found']);
      });
    });

    it('are told to who is in them', async () => {
      const teamId = await team('Known');
      const { text } = await inTeams({ [teamId]: ['builder'] });
      const who = z.object({
        permissions: z.array(z.string()),
        teams: z.array(z.object({ teamId: z.string(), name: z.string(), permissions: z.array(z.string()) })),
      });
      const { permissions, teams } = who.parse((await send('GET', '/v1/whoami', undefined, text)).json());
      expect(permissions).toEqual(['keys:own', 'tenant:read']);
      expect(teams).toMatchObject([{ teamId, name: 'Known' }]);
      expect(teams[0]?.permissions).toContain('builds:create');
    });
  });
}
