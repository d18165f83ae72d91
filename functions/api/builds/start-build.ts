import { z } from 'zod';
import { submitBuild } from '../../../core/builds/build-repository.ts';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { EngineError } from '../../../core/errors.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { specBodySchema } from '../specs/spec-body.ts';

/** Stores the build and answers; planning, and with it the archive, comes after the answer. */
export const startBuild = defineOperation({
  id: 'startBuild',
  method: 'POST',
  path: '/v1/builds',
  aliases: ['/api/build/start'],
  summary: 'Start a build of a spec',
  access: { kind: 'permission', permission: 'builds:create' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.unknown(),
  describedBody: specBodySchema,
  response: buildViewSchema,
  status: 202,
  errors: ['spec.invalid'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const { tenantId, keyId } = principalOf(context);
    const checked = checkSpec(body, ports.installation);
    if (!checked.ok) {
      throw new EngineError('spec.invalid', `The spec has ${checked.errors.length} error(s).`, {
        fields: checked.errors,
      });
    }
    const { build } = await submitBuild(ports, {
      tenantId,
      keyId,
      spec: checked.spec,
      ...(context.idempotencyKey === undefined ? {} : { idempotencyKey: context.idempotencyKey }),
    });
    return { headers: { location: `/v1/builds/${build.id}` }, body: buildView(build) };
  },
});
