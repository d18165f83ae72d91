import { z } from 'zod';
import { tellAgain } from '../../../core/plugins/hearings/hearing-repository.ts';
import { hearingView, hearingViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { hearingParams } from './plugin-params.ts';

export const tellPluginAgain = defineOperation({
  id: 'tellPluginAgain',
  method: 'POST',
  path: '/v1/plugins/{name}/hearings/{hearingId}:tell',
  summary: 'Tell a plugin of an event again, however that ended, within a minute, by the version that is enabled then',
  access: { kind: 'permission', permission: 'plugins:write' },
  params: hearingParams,
  query: z.strictObject({}),
  body: undefined,
  response: hearingViewSchema,
  status: 202,
  errors: ['plugin.not_found', 'plugin.hearing_not_found'],
  async handle(ports, { params, context }) {
    return { body: hearingView(await tellAgain(ports, principalOf(context), params.name, params.hearingId)) };
  },
});
