import { z } from 'zod';
import { replayRange } from '../../../core/webhooks/replay.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { webhookParams } from './webhook-params.ts';

export const replayWebhookDeliveries = defineOperation({
  id: 'replayWebhookDeliveries',
  method: 'POST',
  path: '/v1/webhooks/{id}/deliveries:replay',
  summary: 'Send the deliveries of a range of time again, within a minute: some hundred a call, on by its cursor',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: webhookParams,
  query: z.strictObject({}),
  body: z.strictObject({
    from: z.iso.datetime().describe('Events from this time on.'),
    to: z.iso.datetime().describe('Events before this time.'),
    state: z
      .enum(['failed', 'skipped', 'succeeded'])
      .default('failed')
      .describe('Those that stand so. skipped: what the webhook missed while it was not enabled.'),
    cursor: z.string().max(4_096).exactOptional().describe('As the call before answered it, with the same range.'),
  }),
  response: z
    .strictObject({ replayed: z.number().int().describe('Deliveries of this call.'), cursor: nextCursor })
    .meta({ id: 'WebhookReplay' }),
  status: 202,
  errors: ['webhook.not_found', 'cursor.invalid'],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    const { from, to, state } = body;
    const secret = ports.installation.cursorSecret;
    const scope = ['replayWebhookDeliveries', principal.tenantId, params.id, from, to, state];
    const range = { from: new Date(from), to: new Date(to), state };
    const at = body.cursor === undefined ? undefined : openCursor(secret, scope, body.cursor);
    const { replayed, cursor } = await replayRange(ports, principal, params.id, range, at);
    return { body: { replayed, ...(cursor === undefined ? {} : { cursor: sealCursor(secret, scope, cursor) }) } };
  },
});
