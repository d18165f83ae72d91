import { z } from 'zod';
import { disablePlugin as disable } from '../../../core/plugins/change-plugin.ts';
import { pluginView, pluginViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { pluginParams } from './plugin-params.ts';

export const disablePlugin = defineOperation({
  id: 'disablePlugin',
  method: 'POST',
  path: '/v1/plugins/{name}:disable',
  summary: 'Have no version of a plugin run any more',
  access: { kind: 'permission', permission: 'plugins:write' },
  params: pluginParams,
  query: z.strictObject({}),
  body: undefined,
  response: pluginViewSchema,
  status: 200,
  repeatable: true,
  errors: ['plugin.not_found'],
  async handle(ports, { params, context }) {
    return { body: pluginView(await disable(ports, principalOf(context), params.name)) };
  },
});
