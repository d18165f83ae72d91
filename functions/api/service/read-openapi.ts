import { z } from 'zod';
import document from '../../../docs/openapi.json' with { type: 'json' };
import { defineOperation } from '../../shared/operation.ts';

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
