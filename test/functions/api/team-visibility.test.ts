import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { builtInRoles } from '../../../core/access/built-in-roles.ts';
import { createApiKey } from '../../../core/access/key-repository.ts';
import type { Grant, Permission } from '../../../core/access/permissions.ts';
import type { Principal } from '../../../core/access/principal.ts';
import { wholeTenant } from '../../../core/access/reach.ts';
import { setRole } from '../../../core/access/role-repository.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { setTeamMember } from '../../../core/teams/team-members.ts';
import { operations } from '../../../functions/api/operations.ts';
import { createRouter } from '../../../functions/shared/router.ts';
import { specWith } from '../../core/plan/plan-fixtures.ts';
import { memberWith } from '../../support/members.ts';
import { principalWith, teamOfTenant } from '../../support/teams.ts';
import { type ApiUnderTest, openApi } from './api-under-test.ts';

let folder: string;
let table: SqliteTable;
let api: ApiUnderTest;
let send: (method: string, place: string, key: string) => Promise<{ status: number; body: unknown }>;
const spec = specWith({});

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'lbuild-visibility-'));
  table = openSqliteTable({ file: path.join(folder, 'table.db'), clock: createSystemClock() });
  api = await openApi(table);
  const log = { request: () => undefined, failure: (_: unknown, cause: unknown) => console.error(cause) };
  const handle = createRouter({ ports: api.ports, operations, log });
  send = async (method, place, key) => {
    const url = new URL(place, 'http://127.0.0.1');
    const answer = await handle({
      ...{ method, path: url.pathname, query: Object.fromEntries(url.searchParams) },
      headers: { authorization: `Bearer ${key}` },
      ...{ body: new Uint8Array(), sourceAddress: '127.0.0.1', signal: new AbortController().signal },
    });
    return { status: answer.status, body: JSON.parse(answer.body) };
  };
});
afterAll(async () => {
  await api?.close();
  table?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A tenant with three teams and the roles of its own, and its operator. */
async function openTenant(): Promise<{ readonly operator: Principal; readonly teams: readonly string[] }> {
  const operator = await principalWith(api.ports, (await api.tenant('visibility')).keys.operator);
  for (const [name, grants] of Object.entries(ownRoles)) {
    await setRole(api.ports, operator, { name, description: '', grants });
  }
  return { operator, teams: await Promise.all(['A', 'B', 'C'].map((name) => teamOfTenant(api.ports, operator, name))) };
}

/** Roles of the tenant's own beside the built-in ones. */
const ownRoles: Readonly<Record<string, readonly Grant[]>> = {
  nothing: [],
  reads: ['builds:read'],
  cancels: ['builds:cancel', 'keys:own'],
  fetches: ['artifacts:read'],
  wild: ['builds:*'],
};
const grantsOf = (role: string): readonly Grant[] => ownRoles[role] ?? builtInRoles[role as 'viewer'].grants;
const roleNames = ['member', 'viewer', 'builder', 'auditor', 'admin', ...Object.keys(ownRoles)] as const;
// In the tenant most are nothing, or teams would decide nothing.
const tenantRole = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('member', 'nothing') },
  fc.constantFrom(...roleNames),
);
const rolesIn = (role: fc.Arbitrary<string>) => fc.uniqueArray(role, { minLength: 1, maxLength: 2 });
const scopeLists: readonly Grant[][] = [
  ['builds:read'],
  ['builds:*', 'artifacts:read'],
  ['artifacts:read'],
  ['keys:own'],
];

const worlds = fc.record({
  members: fc.array(
    fc.record({
      roles: rolesIn(tenantRole),
      teams: fc.uniqueArray(fc.record({ team: fc.nat(2), roles: rolesIn(fc.constantFrom(...roleNames)) }), {
        selector: ({ team }) => team,
        maxLength: 3,
      }),
      scopes: fc.option(fc.constantFrom(...scopeLists), { nil: undefined, freq: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  /** The team of each build: 3 is none. */
  builds: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
  limit: fc.integer({ min: 1, max: 3 }),
});

/** What is asked of a build, what it takes, and what comes of it where that is held. */
const acts: readonly (readonly [method: string, path: string, needs: Permission, done: number])[] = [
  ['GET', '/logs', 'builds:read', 200],
  ['GET', '/artifacts', 'artifacts:read', 200],
  // Another member may have asked before: to ask again changes nothing.
  ['POST', '/cancel', 'builds:cancel', 202],
];

it('a build is seen, fetched and cancelled exactly where tenant or team let it, and listed so (property)', async () => {
  const { ports } = api;
  // A tenant has at most a thousand members, and a team five hundred.
  const runsOfTenant = 200;
  let runs = 0;
  let tenant: Awaited<ReturnType<typeof openTenant>> | undefined;
  const listSchema = z.object({ builds: z.array(z.object({ id: z.string() })), cursor: z.string().optional() });
  const told = { 200: 0, 202: 0, 403: 0, 404: 0 } as Record<number, number>;
  await fc.assert(
    fc.asyncProperty(worlds, async ({ members, builds, limit }) => {
      if (runs % runsOfTenant === 0 || tenant === undefined) tenant = await openTenant();
      runs += 1;
      const { operator, teams } = tenant;
      const { tenantId } = operator;
      const made: { id: string; teamId: string | undefined }[] = [];
      for (const number of builds) {
        const teamId = teams[number];
        const run = teamId === undefined ? {} : { teamId };
        const { build } = await submitBuild(ports, { tenantId, keyId: operator.keyId, spec, run });
        made.push({ id: build.id, teamId });
      }
      for (const member of members) {
        const { memberId } = await memberWith(ports, tenantId, member.roles);
        for (const { team, roles } of member.teams) {
          const teamId = teams[team] ?? '';
          await setTeamMember(ports, operator, { reach: wholeTenant(tenantId), teamId, memberId }, roles);
        }
        const scopes = member.scopes === undefined ? {} : { scopes: member.scopes };
        const { text } = await createApiKey(ports, { tenantId, memberId, name: 'x', ...scopes });
        // The rule, said once more and plainly: a role there holds it, and no scope leaves it out.
        const covers = (grants: readonly Grant[], needed: Permission) =>
          grants.some((grant) => grant === needed || grant === `${needed.slice(0, needed.indexOf(':'))}:*`);
        const holds = (roles: readonly string[], needed: Permission) =>
          roles.some((role) => covers(grantsOf(role), needed)) &&
          (member.scopes === undefined || covers(member.scopes, needed));
        const inTenant = (needed: Permission) => holds(member.roles, needed);
        const inTeam = (teamId: string | undefined, needed: Permission) =>
          member.teams.some(({ team, roles }) => teams[team] === teamId && holds(roles, needed));
        const anywhere = (needed: Permission) =>
          inTenant(needed) || member.teams.some(({ roles }) => holds(roles, needed));

        for (const { id, teamId } of made) {
          for (const [method, rest, needed, done] of acts) {
            const { status } = await send(method, `/v1/builds/${id}${rest}`, text);
            told[status] = (told[status] ?? 0) + 1;
            const may = inTenant(needed) || inTeam(teamId, needed);
            expect([method, rest, status]).toEqual([method, rest, may ? done : anywhere(needed) ? 404 : 403]);
          }
        }
        // Lists hold builds of earlier runs too: it is read until these have all come.
        const [oldest = ''] = made.map(({ id }) => id).sort();
        const seen: string[] = [];
        let cursor: string | undefined = '';
        while (cursor !== undefined) {
          const { status, body } = await send('GET', `/v1/builds?limit=${limit}${cursor}`, text);
          expect(status).toBe(anywhere('builds:read') ? 200 : 403);
          if (status !== 200) break;
          const page = listSchema.parse(body);
          seen.push(...page.builds.map(({ id }) => id));
          const ended = page.cursor === undefined || (seen.at(-1) ?? '') < oldest;
          cursor = ended ? undefined : `&cursor=${encodeURIComponent(page.cursor ?? '')}`;
        }
        const visible = made.filter(({ teamId }) => inTenant('builds:read') || inTeam(teamId, 'builds:read'));
        const ofThisRun = seen.filter((id) => made.some((build) => build.id === id));
        expect(ofThisRun).toEqual(
          visible
            .map(({ id }) => id)
            .sort()
            .reverse(),
        );
      }
    }),
    { numRuns: 1_000, endOnFailure: true },
  );
  console.log(`answers of one build: ${JSON.stringify(told)}`);
  // Each outcome came often: none of them was all that was tried.
  for (const status of [200, 202, 403, 404]) expect(told[status]).toBeGreaterThan(500);
}, 300_000);
