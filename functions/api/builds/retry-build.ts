import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { needFittingLock } from '../../../core/builds/plan-spec.ts';
import { retryOf } from '../../../core/builds/resume.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { needSecrets } from '../../../core/secrets/spec-secrets.ts';
import { needUploads } from '../../../core/uploads/spec-uploads.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { checkedSpec, judgedAgain } from '../specs/checked-spec.ts';
import { buildParamsSchema } from './build-params.ts';
import { lockErrorCodes } from './lock-query.ts';
import { forceQuery, keepGoingQuery, priorityQuery, readForce, readKeepGoing, readPriority } from './run-query.ts';

/** Builds the spec of a build that has ended once more, as if it were submitted now; the cache serves it too. */
export const retryBuild = defineOperation({
  id: 'retryBuild',
  method: 'POST',
  path: '/v1/builds/{id}:retry',
  summary: 'Build the spec of a build that has ended once more',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({ ...keepGoingQuery, ...forceQuery, ...priorityQuery }),
  body: undefined,
  response: buildViewSchema,
  status: 202,
  locates: true,
  errors: [
    'build.not_found',
    'build.not_ended',
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
  async handle(ports, { params, query, context }) {
    const actor = principalOf(context);
    const { tenantId, keyId } = actor;
    const { value: before } = await getBuild(ports.table, reachOf(context), params.id);
    const submission = await retryOf(ports.table, before, {
      keyId,
      check: (stored) => checkedSpec(stored, ports.installation),
      ...readKeepGoing(query.keepGoing),
      ...readForce(query.force),
      ...readPriority(query, actor, before),
      ...(context.idempotencyKey === undefined ? {} : { idempotencyKey: context.idempotencyKey }),
    });
    await needUploads(ports, tenantId, submission.spec, submission.spec);
    await needSecrets(ports.table, tenantId, submission.spec, submission.spec);
    await needFittingLock(ports, tenantId, submission.spec);
    const judged = await judgedAgain(ports, actor, submission, context.signal);
    const { build } = await submitBuild(ports, { ...judged, actor });
    return { headers: { location: `/v1/builds/${build.id}` }, body: buildView(build) };
  },
});
