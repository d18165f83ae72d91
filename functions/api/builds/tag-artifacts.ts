import { z } from 'zod';
import { tagSchema } from '../../../core/retention/image.ts';
import { retentionLimits } from '../../../core/retention/limits.ts';
import { tagArtifacts } from '../../../core/retention/trash.ts';
import { imageView, imageViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Policies of retention select by tags. */
export const tagBuildArtifacts = defineOperation({
  id: 'tagArtifacts',
  method: 'PUT',
  path: '/v1/builds/{id}/tags',
  summary: 'Replace the tags of what a build has made',
  access: { kind: 'permission', permission: 'artifacts:write', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({ tags: z.array(tagSchema).max(retentionLimits.tags) }).meta({ id: 'Tags' }),
  response: imageViewSchema,
  status: 200,
  errors: ['build.not_found', 'build.not_ended', 'retention.nothing_stored', 'artifact.in_trash', 'artifact.purged'],
  async handle(ports, { params, body, context }) {
    const change = { actor: principalOf(context), tags: body.tags };
    return { body: imageView(await tagArtifacts(ports, reachOf(context), params.id, change)) };
  },
});
