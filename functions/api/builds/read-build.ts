import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { buildDetail, buildDetailSchema } from '../../../core/builds/build-view.ts';
import { readOutlook } from '../../../core/queue/queue-outlook.ts';
import { workOf } from '../../../core/sharing/work-of.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

export const readBuild = defineOperation({
  id: 'readBuild',
  method: 'GET',
  path: '/v1/builds/{id}',
  summary: 'A build with its stages, steps and progress',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: buildDetailSchema,
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const outlook = build.state === 'queued' ? (await readOutlook(ports)).builds.get(workOf(build)) : undefined;
    return { body: await buildDetail(ports.table, build, ports.installation.apiUrl, outlook) };
  },
});
