import { z } from 'zod';
import { restoreArtifacts } from '../../../core/retention/trash.ts';
import { imageView, imageViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** They are as they were: the same bytes, the same tags. */
export const restoreBuildArtifacts = defineOperation({
  id: 'restoreArtifacts',
  method: 'POST',
  path: '/v1/builds/{id}/artifacts:restore',
  summary: 'Take the files that a build has made out of the trash',
  access: { kind: 'permission', permission: 'artifacts:write', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: imageViewSchema,
  status: 200,
  errors: ['build.not_found', 'retention.not_in_trash', 'artifact.purged'],
  async handle(ports, { params, context }) {
    return { body: imageView(await restoreArtifacts(ports, reachOf(context), params.id, principalOf(context))) };
  },
});
