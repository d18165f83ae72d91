import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { listPluginRuns as listStored, storedPluginRunSchema } from '../../../core/plugins/stored-runs.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

export const listPluginRuns = defineOperation({
  id: 'listPluginRuns',
  method: 'GET',
  path: '/v1/builds/{id}/plugin-runs',
  summary: 'Runs of the tenant’s plugins for a build, in the order of its life: what came of each, and its log',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ runs: z.array(storedPluginRunSchema), cursor: nextCursor }).meta({ id: 'PluginRunList' }),
  status: 200,
  errors: ['build.not_found', 'cursor.invalid'],
  async handle({ table, installation }, { params, query, context }) {
    const { value: build } = await getBuild(table, reachOf(context), params.id);
    const scope = ['listPluginRuns', build.tenantId, build.id];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      listStored(table, build.id, at),
    );
    return { body: { runs: [...page.runs], ...next } };
  },
});
