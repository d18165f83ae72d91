import { z } from 'zod';
import { listPlugins as listStored } from '../../../core/plugins/plugin-repository.ts';
import { pluginView, pluginViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listPlugins = defineOperation({
  id: 'listPlugins',
  method: 'GET',
  path: '/v1/plugins',
  summary: 'The plugins of the tenant by name: all of them, enabled or not',
  access: { kind: 'permission', permission: 'plugins:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ plugins: z.array(pluginViewSchema) }).meta({ id: 'PluginList' }),
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    const plugins = await listStored(table, principalOf(context).tenantId);
    return { body: { plugins: plugins.map(pluginView) } };
  },
});
