import { z } from 'zod';
import { endAttemptWrites } from '../../../core/billing/attempt-usage.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { attemptWrite, findAttempt } from '../../../core/builds/stage-repository.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, startExample } from './example-spec.ts';
import { call } from './http-call.ts';
import { storeArtifact } from './stored-build.ts';

const size = { vcpu: 2, memoryMiB: 4_096, diskGiB: 21 };
/** What ten minutes of it come to by list prices: a third of a vCPU-hour, two thirds of a GiB-hour, a sixth of one. */
export const tenMinutes = 13_493 + 2_963 + 18 + 175;

/**
 * Has an attempt of a build run for ten minutes from now on: before now there may be no month of a tenant that was just
 * made.
 */
export async function ran(
  { ports }: ApiUnderTest,
  buildId: string,
  stage: string,
  ending: 'reported' | 'infrastructure',
): Promise<void> {
  const { table, clock } = ports;
  const now = clock.now().getTime();
  const preparedAt = new Date(now).toISOString();
  await table.transact([
    attemptWrite(
      buildId,
      {
        ...{ stage, attempt: 1, ticketHash: 'a'.repeat(64), state: 'live', trust: 'tenant', steps: [], blobs: {} },
        ...{ preparedAt, size },
      },
      'absent',
    ),
  ]);
  const [build, attempt] = [await findBuild(table, buildId), await findAttempt(table, buildId, stage, 1)];
  if (build === undefined || attempt === undefined) throw new Error('it is not stored');
  await table.transact(
    endAttemptWrites(build.value, attempt, { endedAt: new Date(now + 600_000).toISOString(), ending }),
  );
}

/** A tenant with two builds that ran: its own, one of whose builders was taken back, and one of a team. */
export interface BilledTenant extends TenantUnderTest {
  readonly teamId: string;
  /** Of a builder in the team alone. */
  readonly inTeam: string;
  readonly builds: { readonly own: string; readonly ofTeam: string };
}

export async function openBilledTenant(api: ApiUnderTest, name: string): Promise<BilledTenant> {
  const tenant = await api.tenant(name);
  const admin = await principalWith(api.ports, tenant.keys.operator);
  const teamId = await teamOfTenant(api.ports, admin, 'Web');
  const inTeam = (await keyInTeams(api.ports, admin, { [teamId]: ['builder'] })).text;
  const started = await call(`${api.url}/v1/builds?team=${teamId}`, { key: inTeam, body: JSON.stringify(exampleSpec) });
  const own = await startExample(api.url, tenant.keys.builder);
  const ofTeam = z.object({ id: z.string() }).parse(started.json()).id;
  await ran(api, own, 's1', 'reported');
  await ran(api, own, 's2', 'infrastructure');
  await ran(api, ofTeam, 's1', 'reported');
  await storeArtifact(api.ports, tenant.tenantId, own, 'edge.tar.zst', 'the bytes');
  return { ...tenant, teamId, inTeam, builds: { own, ofTeam } };
}

/** Sends a request with a key, and what it says as JSON. */
export const sender =
  (api: () => ApiUnderTest) =>
  (path: string, key: string, options: { method?: string; body?: unknown; headers?: Record<string, string> } = {}) =>
    call(`${api().url}${path}`, {
      ...{ key, ...(options.method === undefined ? {} : { method: options.method }) },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    });
