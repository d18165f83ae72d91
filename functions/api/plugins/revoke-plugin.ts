import { z } from 'zod';
import { revokePlugin as revoke } from '../../../core/plugins/change-plugin.ts';
import { pluginView, pluginViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { pluginParams } from './plugin-params.ts';

export const revokePlugin = defineOperation({
  id: 'revokePlugin',
  method: 'POST',
  path: '/v1/plugins/{name}:revoke',
  summary: 'Take back all that was granted to a plugin',
  access: { kind: 'permission', permission: 'plugins:grant' },
  params: pluginParams,
  query: z.strictObject({}),
  body: undefined,
  response: pluginViewSchema,
  status: 200,
  repeatable: true,
  errors: ['plugin.not_found'],
  async handle(ports, { params, context }) {
    return { body: pluginView(await revoke(ports, principalOf(context), params.name)) };
  },
});
