import { z } from 'zod';
import { defineOperation } from '../../shared/operation.ts';
import document from './generated/openapi.json' with { type: 'json' };

/** Answers the OpenAPI document that `scripts/generate-sdk.ts` made of the operations. */
export const readOpenapi = defineOperation({
  id: 'readOpenapi',
  method: 'GET',
  path: '/v1/openapi.json',
  summary: 'This document',
  access: { kind: 'public' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.looseObject({ openapi: z.string() }).meta({ id: 'OpenapiDocument' }),
  status: 200,
  errors: [],
  async handle() {
    return { body: document };
  },
});
