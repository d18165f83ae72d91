import { z } from 'zod';
import { exchangeRequestSchema, exchangeResponseSchema } from '../../../core/builds/exchange.ts';
import { answerExchange } from '../../../core/builds/exchange-service.ts';
import { EngineError } from '../../../core/errors.ts';
import { defineOperation } from '../../shared/operation.ts';
import { wholeNumber } from '../../shared/whole-number.ts';

/** Answers a builder by its ticket; what it may have is decided in core/builds. */
export const exchange = defineOperation({
  id: 'exchange',
  method: 'POST',
  path: '/v1/stages/{id}/attempts/{n}:exchange',
  summary: 'For builders: one question of a running attempt',
  access: { kind: 'ticket' },
  params: z.strictObject({
    id: z
      .string()
      .regex(/^bld_[0-9A-Za-z]{26}\.s\d{1,3}$/, 'must be <build id>.<stage id>')
      .describe('`<build id>.<stage id>`.'),
    n: wholeNumber(1, 999).describe('Number of the attempt.'),
  }),
  query: z.strictObject({}),
  body: exchangeRequestSchema,
  response: exchangeResponseSchema,
  status: 200,
  errors: ['exchange.refused', 'blob.too_large', 'blob.parts_refused', 'secret.not_found'],
  async handle(ports, { params, body, context }) {
    const [buildId = '', stageId = ''] = params.id.split('.');
    if (context.ticket === undefined) throw new EngineError('ticket.refused', 'The request carries no ticket.');
    return {
      body: await answerExchange(ports, { buildId, stageId, attempt: params.n, ticket: context.ticket, request: body }),
    };
  },
});
