import { z } from 'zod';
import { removeArtifacts } from '../../../core/retention/trash.ts';
import { imageView, imageViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** The build itself stays, with its logs and its evidence. Asking again changes nothing. */
export const removeBuildArtifacts = defineOperation({
  id: 'removeArtifacts',
  method: 'DELETE',
  path: '/v1/builds/{id}/artifacts',
  summary: 'Put the files that a build has made into the trash',
  access: { kind: 'permission', permission: 'artifacts:write', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: imageViewSchema,
  status: 200,
  errors: ['build.not_found', 'retention.protected', 'retention.nothing_stored', 'artifact.purged'],
  async handle(ports, { params, context }) {
    return { body: imageView(await removeArtifacts(ports, reachOf(context), params.id, principalOf(context))) };
  },
});
