import { z } from 'zod';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { needFittingLock } from '../../../core/builds/plan-spec.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { needTeam } from '../../../core/teams/team-members.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { submittedSpec } from '../specs/checked-spec.ts';
import { specBodySchema } from '../specs/spec-body.ts';
import { lockErrorCodes, lockQuery, withLock } from './lock-query.ts';
import { forceQuery, keepGoingQuery, priorityQuery, readForce, readPriority, teamQuery } from './run-query.ts';

/** Stores the build and answers; planning, and with it the archive, comes after the answer. */
export const startBuild = defineOperation({
  id: 'startBuild',
  method: 'POST',
  path: '/v1/builds',
  aliases: ['/api/build/start'],
  summary: 'Start a build of a spec',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({ ...keepGoingQuery, ...forceQuery, ...priorityQuery, ...teamQuery, ...lockQuery }),
  body: z.unknown(),
  describedBody: specBodySchema,
  response: buildViewSchema,
  status: 202,
  locates: true,
  errors: [
    'spec.invalid',
    'plugin.time_exceeded',
    'plugin.unsupported',
    'team.not_found',
    'quota.exceeded',
    'budget.exceeded',
    'queue.full',
    'service.maintenance',
    ...lockErrorCodes,
  ],
  idempotent: true,
  async handle(ports, { query, body, context }) {
    const actor = principalOf(context);
    const { tenantId, keyId } = actor;
    await needTeam(ports.table, actor, reachOf(context), query.team);
    const priority = readPriority(query, actor, { teamId: query.team });
    const given = await submittedSpec(ports, actor, withLock(body, query.lock), {
      ...{ signal: context.signal, teamId: query.team },
    });
    await needFittingLock(ports, tenantId, given.spec);
    const { build } = await submitBuild(ports, {
      ...{ tenantId, keyId, actor, ...given },
      run: {
        ...(query.keepGoing === 'true' ? { keepGoing: true } : {}),
        ...readForce(query.force),
        ...(query.team === undefined ? {} : { teamId: query.team }),
        ...priority,
      },
      ...(context.idempotencyKey === undefined ? {} : { idempotencyKey: context.idempotencyKey }),
    });
    return { headers: { location: `/v1/builds/${build.id}` }, body: buildView(build) };
  },
});
