import { z } from 'zod';
import { secretLimits } from '../../../core/secrets/limits.ts';
import { secretNameSchema, secretValueSchema } from '../../../core/secrets/secret-record.ts';
import { setSecret as set } from '../../../core/secrets/secret-repository.ts';
import { secretView, secretViewSchema } from '../../../core/secrets/secret-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** Gives a secret a value. It goes in and never out: no operation answers it. */
export const setSecret = defineOperation({
  id: 'setSecret',
  method: 'PUT',
  path: '/v1/secrets/{name}',
  summary: 'Give a secret a value, which no answer shows; a new value is a new version',
  access: { kind: 'permission', permission: 'secrets:write' },
  params: z.strictObject({ name: secretNameSchema }),
  query: z.strictObject({}),
  body: z.strictObject({
    value: secretValueSchema.describe(`One line of text, 1 to ${secretLimits.valueBytes} bytes of UTF-8.`),
  }),
  response: secretViewSchema,
  status: 200,
  otherStatus: 201,
  errors: ['secret.too_many'],
  async handle(ports, { params, body, context }) {
    const { secret, created } = await set(ports, principalOf(context), { name: params.name, value: body.value });
    return { status: created ? 201 : 200, body: secretView(secret) };
  },
});
