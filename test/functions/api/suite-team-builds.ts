import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { operations } from '../../../functions/api/operations.ts';
import { keyWith } from '../../support/members.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf, withoutRequestId } from './http-call.ts';
import { forceState, storeArtifact } from './stored-build.ts';
import { teamsUnder } from './teams-under-test.ts';

const missingTeam = `team_${'0'.repeat(26)}`;
const buildListSchema = z.object({ builds: z.array(buildViewSchema), cursor: z.string().optional() });

/** What belongs to teams, and who reaches it. */
export function describeTeamBuilds(api: () => ApiUnderTest): void {
  describe('teams', () => {
    const { at, send, refusal, team, inTeams, start } = teamsUnder(api);

    describe('have builds', () => {
      let [a, b] = ['', ''];
      let keys: Record<'inA' | 'readsA' | 'inBoth' | 'tenant', string>;
      beforeAll(async () => {
        [a, b] = [await team('Team A'), await team('Team B')];
        keys = {
          inA: (await inTeams({ [a]: ['builder'] })).text,
          readsA: (await inTeams({ [a]: ['viewer'] })).text,
          inBoth: (await inTeams({ [a]: ['builder'], [b]: ['viewer'] })).text,
          tenant: at.tenant.keys.builder,
        };
      });

      it('that who may build there, or in the at.tenant, starts', async () => {
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
        call(
          `${api().url}${path
            .replace('{id}', id)
            .replace('{other}', id)
            .replace('{name}', 'edge-web.iso')
            .replace('{scan}', `scn_${'0'.repeat(26)}`)}`,
          {
            ...{ method, key },
            ...(method === 'PUT' ? { body: JSON.stringify({ tags: [] }) } : {}),
          },
        );
      it.each(ofOneBuild.map(({ id, method, path }) => [id, method, path] as const))(
        '%s takes the role that somebody has in their team for its builds, and for no others',
        async (_id, method, path) => {
          const own = await start(keys.tenant, a);
          for (const id of [own.id]) {
            await storeArtifact(api().ports, at.tenant.tenantId, id, 'edge-web.iso', 'x');
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
        const keeper = (await keyWith(api().ports, at.tenant.tenantId, ['keys'])).text;
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
