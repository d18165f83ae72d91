import { z } from 'zod';
import { getPlugin } from '../../../core/plugins/plugin-repository.ts';
import { pluginView, pluginViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { pluginParams } from './plugin-params.ts';

export const readPlugin = defineOperation({
  id: 'readPlugin',
  method: 'GET',
  path: '/v1/plugins/{name}',
  summary: 'How a plugin stands: its latest version, the one that is run, what is granted',
  access: { kind: 'permission', permission: 'plugins:read' },
  params: pluginParams,
  query: z.strictObject({}),
  body: undefined,
  response: pluginViewSchema,
  status: 200,
  errors: ['plugin.not_found'],
  async handle({ table }, { params, context }) {
    return { body: pluginView(await getPlugin(table, principalOf(context).tenantId, params.name)) };
  },
});
