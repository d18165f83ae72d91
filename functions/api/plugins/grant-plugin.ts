import { z } from 'zod';
import { grantPlugin as grant } from '../../../core/plugins/change-plugin.ts';
import { pluginWantsSchema } from '../../../core/plugins/declaration.ts';
import { pluginView, pluginViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { askedVersion, pluginParams } from './plugin-params.ts';

export const grantPlugin = defineOperation({
  id: 'grantPlugin',
  method: 'POST',
  path: '/v1/plugins/{name}:grant',
  summary: 'Grant what a version of a plugin wants, or part of it, in place of what was granted',
  access: { kind: 'permission', permission: 'plugins:grant' },
  params: pluginParams,
  query: z.strictObject({}),
  body: z.strictObject({ version: askedVersion, granted: pluginWantsSchema }),
  response: pluginViewSchema,
  status: 200,
  repeatable: true,
  errors: ['plugin.not_found', 'plugin.version_not_found', 'plugin.grant_refused'],
  async handle(ports, { params, body, context }) {
    return { body: pluginView(await grant(ports, principalOf(context), params.name, body)) };
  },
});
