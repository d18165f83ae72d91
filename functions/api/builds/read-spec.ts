import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { specSchema } from '../../../core/spec/schema.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Answers the spec of a build to whoever may build it again: it holds what the image does, hashes of passwords too. */
export const readBuildSpec = defineOperation({
  id: 'readBuildSpec',
  method: 'GET',
  path: '/v1/builds/{id}/spec',
  summary: 'The spec of a build with its defaults, to begin another one with',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ spec: specSchema }).meta({ id: 'BuildSpec' }),
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    return { body: { spec: await storedSpec(ports.table, build.id) } };
  },
});
