import { z } from 'zod';
import { enablePlugin as enable } from '../../../core/plugins/change-plugin.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import { pluginView, pluginViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { askedVersion, pluginParams } from './plugin-params.ts';

export const enablePlugin = defineOperation({
  id: 'enablePlugin',
  method: 'POST',
  path: '/v1/plugins/{name}:enable',
  summary: 'Have a version of a plugin run from now on, in place of the one that did',
  access: { kind: 'permission', permission: 'plugins:write' },
  params: pluginParams,
  query: z.strictObject({}),
  body: z.strictObject({
    version: askedVersion,
    order: z
      .number()
      .int()
      .min(0)
      .max(pluginLimits.order.value)
      .exactOptional()
      .describe('Its place among the others; as it declares unless given.'),
  }),
  response: pluginViewSchema,
  status: 200,
  repeatable: true,
  errors: ['plugin.not_found', 'plugin.version_not_found', 'plugin.too_many_enabled'],
  async handle(ports, { params, body, context }) {
    return { body: pluginView(await enable(ports, principalOf(context), params.name, body)) };
  },
});
