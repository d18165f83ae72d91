import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { buildExplanationSchema, explainBuild } from '../../../core/cache/explain-build.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from '../builds/build-params.ts';

/** Of a build that was planned; what a spec would miss, `POST /v1/builds:plan` tells. */
export const explainCache = defineOperation({
  id: 'explainCache',
  method: 'GET',
  path: '/v1/cache/explain',
  summary: 'Why each step of a build was taken from the cache or not',
  access: { kind: 'permission', permission: 'cache:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({ build: buildParamsSchema.shape.id }),
  body: undefined,
  response: buildExplanationSchema,
  status: 200,
  errors: ['build.not_found', 'build.not_planned'],
  async handle(ports, { query, context }) {
    const reach = reachOf(context);
    const { value: build } = await getBuild(ports.table, reach, query.build);
    return { body: await explainBuild(ports, reach, build) };
  },
});
