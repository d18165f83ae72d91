import { z } from 'zod';
import { getPluginVersion } from '../../../core/plugins/plugin-repository.ts';
import { pluginVersionView, pluginVersionViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { versionParams } from './plugin-params.ts';

export const readPluginVersion = defineOperation({
  id: 'readPluginVersion',
  method: 'GET',
  path: '/v1/plugins/{name}/versions/{version}',
  summary: 'A version of a plugin, with its code',
  access: { kind: 'permission', permission: 'plugins:read' },
  params: versionParams,
  query: z.strictObject({}),
  body: undefined,
  response: pluginVersionViewSchema,
  status: 200,
  errors: ['plugin.not_found', 'plugin.version_not_found'],
  async handle({ table }, { params, context }) {
    const { tenantId } = principalOf(context);
    return { body: pluginVersionView(await getPluginVersion(table, tenantId, params.name, params.version)) };
  },
});
