import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { artifactTypes } from '../../../core/builds/manifest.ts';
import { publishedArtifacts } from '../../../core/builds/published-artifacts.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

const artifactResourceSchema = z
  .strictObject({
    name: z.string(),
    type: z.enum(artifactTypes),
    size: z.number().int().describe('Bytes.'),
    sha256: z.string(),
    mediaType: z.string(),
  })
  .meta({ id: 'Artifact' });

export const listArtifacts = defineOperation({
  id: 'listArtifacts',
  method: 'GET',
  path: '/v1/builds/{id}/artifacts',
  summary: 'The files that a build has published',
  access: { kind: 'permission', permission: 'artifacts:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ artifacts: z.array(artifactResourceSchema) }).meta({ id: 'ArtifactList' }),
  status: 200,
  errors: ['build.not_found', 'artifact.held', 'artifact.in_trash', 'artifact.purged'],
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const artifacts = await publishedArtifacts(ports.table, build);
    return {
      body: {
        artifacts: artifacts.map(({ name, type, size, sha256, mediaType }) => ({
          name,
          type,
          size,
          sha256,
          mediaType,
        })),
      },
    };
  },
});
