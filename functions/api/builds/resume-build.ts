import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { needFittingLock } from '../../../core/builds/plan-spec.ts';
import { resumeOf } from '../../../core/builds/resume.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { needSecrets } from '../../../core/secrets/spec-secrets.ts';
import { needUploads } from '../../../core/uploads/spec-uploads.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { checkedSpec, judgedAgain, submittedSpec } from '../specs/checked-spec.ts';
import { specBodySchema } from '../specs/spec-body.ts';
import { buildParamsSchema } from './build-params.ts';
import { lockErrorCodes } from './lock-query.ts';
import { forceQuery, keepGoingQuery, priorityQuery, readForce, readKeepGoing, readPriority } from './run-query.ts';

/** Goes on with a failed or cancelled build, as a new one: what that had finished is taken from the cache. */
export const resumeBuild = defineOperation({
  id: 'resumeBuild',
  method: 'POST',
  path: '/v1/builds/{id}:resume',
  summary: 'Go on with a failed or cancelled build, with its spec or a changed one',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({
    ...keepGoingQuery,
    ...forceQuery,
    ...priorityQuery,
    archive: z
      .enum(['resumed', 'latest'])
      .default('resumed')
      .describe('The archive state to plan with: that of the resumed build, or the archive’s own of now.'),
  }),
  body: z.unknown(),
  bodyOptional: true,
  describedBody: specBodySchema,
  response: buildViewSchema,
  status: 202,
  locates: true,
  errors: [
    'build.not_found',
    'build.not_resumable',
    'spec.invalid',
    'plugin.time_exceeded',
    'plugin.unsupported',
    'quota.exceeded',
    'budget.exceeded',
    'queue.full',
    'service.maintenance',
    ...lockErrorCodes,
  ],
  idempotent: true,
  async handle(ports, { params, query, body, context }) {
    const actor = principalOf(context);
    const { tenantId, keyId } = actor;
    const { value: before } = await getBuild(ports.table, reachOf(context), params.id);
    const submission = await resumeOf(ports.table, before, {
      keyId,
      check: (stored) => checkedSpec(stored, ports.installation),
      archive: query.archive,
      ...readKeepGoing(query.keepGoing),
      ...readForce(query.force),
      ...readPriority(query, actor, before),
      ...(body === undefined
        ? {}
        : { given: await submittedSpec(ports, actor, body, { signal: context.signal, teamId: before.teamId }) }),
      ...(context.idempotencyKey === undefined ? {} : { idempotencyKey: context.idempotencyKey }),
    });
    if (body === undefined) {
      await needUploads(ports, tenantId, submission.spec, submission.spec);
      await needSecrets(ports.table, tenantId, submission.spec, submission.spec);
    }
    await needFittingLock(ports, tenantId, submission.spec);
    const judged = body === undefined ? await judgedAgain(ports, actor, submission, context.signal) : submission;
    const { build } = await submitBuild(ports, { ...judged, actor });
    return { headers: { location: `/v1/builds/${build.id}` }, body: buildView(build) };
  },
});
