import { beforeAll, expect } from 'vitest';
import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf } from './http-call.ts';

const _missingTeam = `team_${'0'.repeat(26)}`;
const _buildListSchema = z.object({ builds: z.array(buildViewSchema), cursor: z.string().optional() });

/** What the suites of teams do over HTTP, in two tenants of their own. */
export function teamsUnder(api: () => ApiUnderTest) {
  const at = {} as { tenant: TenantUnderTest; other: TenantUnderTest; operator: Principal };
  beforeAll(async () => {
    const [tenant, other] = await Promise.all([api().tenant('teams'), api().tenant('others')]);
    Object.assign(at, { tenant, other, operator: await principalWith(api().ports, tenant.keys.operator) });
  });
  const send = (method: string, path: string, body?: unknown, key = at.tenant.keys.owner, headers = {}) =>
    call(`${api().url}${path}`, {
      ...{ method, key, headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const refusal = (answer: Answer) => [answer.status, problemOf(answer).code];
  const team = (name: string) => teamOfTenant(api().ports, at.operator, name);
  const inTeams = (teams: Record<string, string[]>, more = {}) => keyInTeams(api().ports, at.operator, teams, more);
  const start = async (key: string, teamId?: string) => {
    const answer = await send('POST', `/v1/builds${teamId === undefined ? '' : `?team=${teamId}`}`, exampleSpec, key);
    expect(answer.status).toBe(202);
    return buildViewSchema.parse(answer.json());
  };
  return { at, send, refusal, team, inTeams, start };
}
