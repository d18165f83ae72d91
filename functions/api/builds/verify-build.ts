import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { needSecrets } from '../../../core/secrets/spec-secrets.ts';
import { needUploads } from '../../../core/uploads/spec-uploads.ts';
import { verificationOf } from '../../../core/verify/verification.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Makes all that a build made once more, by its plan and without the cache: does the same come out? */
export const verifyBuild = defineOperation({
  id: 'verifyBuild',
  method: 'POST',
  path: '/v1/builds/{id}/verify',
  summary: 'Make everything that a build made once more, without the cache, and compare',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: buildViewSchema,
  status: 202,
  locates: true,
  errors: [
    'build.not_found',
    'build.not_succeeded',
    'build.not_planned',
    'verify.no_image',
    'verify.toolchain_changed',
    'spec.invalid',
    'artifact.in_trash',
    'artifact.purged',
    'quota.exceeded',
    'budget.exceeded',
    'service.maintenance',
  ],
  idempotent: true,
  async handle(ports, { params, context }) {
    const actor = principalOf(context);
    const { tenantId, keyId } = actor;
    const { value: verified } = await getBuild(ports.table, reachOf(context), params.id);
    const submission = await verificationOf(ports, verified, {
      keyId,
      toolchain: ports.installation.toolchain,
      ...(context.idempotencyKey === undefined ? {} : { idempotencyKey: context.idempotencyKey }),
    });
    await needUploads(ports, tenantId, submission.spec, submission.spec);
    await needSecrets(ports.table, tenantId, submission.spec, submission.spec);
    const { build } = await submitBuild(ports, { ...submission, actor });
    return { headers: { location: `/v1/builds/${build.id}` }, body: buildView(build) };
  },
});
