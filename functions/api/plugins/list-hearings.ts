import { z } from 'zod';
import { hearingStates } from '../../../core/plugins/hearings/hearing.ts';
import { listHearings as listStored } from '../../../core/plugins/hearings/hearing-repository.ts';
import { hearingView, hearingViewSchema } from '../../../core/plugins/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { pluginParams } from './plugin-params.ts';

export const listPluginHearings = defineOperation({
  id: 'listPluginHearings',
  method: 'GET',
  path: '/v1/plugins/{name}/hearings',
  summary: 'Events that a plugin was told, or is to be, the latest first, with the last run; they are kept for 30 days',
  access: { kind: 'permission', permission: 'plugins:read' },
  params: pluginParams,
  query: z.strictObject({
    ...pageQuery,
    state: z.enum(hearingStates).exactOptional().describe('Only those that stand so.'),
  }),
  body: undefined,
  response: z
    .strictObject({ hearings: z.array(hearingViewSchema), cursor: nextCursor })
    .meta({ id: 'PluginHearingList' }),
  status: 200,
  errors: ['plugin.not_found', 'cursor.invalid'],
  async handle(ports, { params, query, context }) {
    const { tenantId } = principalOf(context);
    const { state } = query;
    const scope = ['listPluginHearings', tenantId, params.name, state ?? ''];
    const { page, next } = await readPage(ports.installation.cursorSecret, scope, query, (at) =>
      listStored(ports, tenantId, params.name, state, at),
    );
    return { body: { hearings: page.hearings.map(hearingView), ...next } };
  },
});
