import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { imageOf } from '../../../core/retention/image.ts';
import { protectionSchema, readProtections } from '../../../core/retention/protection.ts';
import { theBuild } from '../../../core/retention/trash.ts';
import { imageView, imageViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

export const readBuildRetention = defineOperation({
  id: 'readBuildRetention',
  method: 'GET',
  path: '/v1/builds/{id}/retention',
  summary: 'Whether what a build has made is kept, and what protects it',
  access: { kind: 'permission', permission: 'retention:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ image: imageViewSchema, protections: z.array(protectionSchema) }).meta({
    id: 'BuildRetention',
  }),
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, context }) {
    await getBuild(ports.table, reachOf(context), params.id);
    const build = await theBuild(ports.table, params.id);
    const [{ image }, { protections }] = [await imageOf(ports.table, build), await readProtections(ports.table, build)];
    return { body: { image: imageView(image), protections: [...protections] } };
  },
});
