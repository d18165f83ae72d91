import { z } from 'zod';
import { removePlugin as remove } from '../../../core/plugins/change-plugin.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { pluginParams } from './plugin-params.ts';

export const removePlugin = defineOperation({
  id: 'removePlugin',
  method: 'DELETE',
  path: '/v1/plugins/{name}',
  summary: 'Remove a plugin with the code of all of its versions; their numbers do not come again',
  access: { kind: 'permission', permission: 'plugins:write' },
  params: pluginParams,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'PluginRemoval' }),
  status: 200,
  errors: ['plugin.not_found'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), params.name);
    return { body: { removed: true as const } };
  },
});
