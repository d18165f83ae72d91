import { z } from 'zod';
import { checkSpec } from '../../../core/spec/check.ts';
import { specDigest } from '../../../core/spec/resolve.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { storedErrors } from './checked-spec.ts';
import { specBodySchema } from './spec-body.ts';

/** Tells all that is wrong with a spec, or its digest. Nothing is started, and nothing outside is looked up. */
export const validateSpec = defineOperation({
  id: 'validateSpec',
  method: 'POST',
  path: '/v1/specs/validate',
  summary: 'Check a spec without building it',
  access: { kind: 'permission', permission: 'specs:validate', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.unknown(),
  describedBody: specBodySchema,
  response: z
    .strictObject({
      valid: z.boolean(),
      digest: z.string().exactOptional().describe('Of the resolved spec; only of a valid one.'),
      errors: z.array(z.strictObject({ path: z.string(), code: z.string(), reason: z.string(), remedy: z.string() })),
    })
    .meta({ id: 'SpecVerdict' }),
  status: 200,
  errors: [],
  async handle(ports, { body, context }) {
    const { tenantId } = principalOf(context);
    const checked = checkSpec(body, ports.installation);
    const errors = checked.ok ? await storedErrors(ports, tenantId, checked.spec, body) : checked.errors;
    if (!checked.ok || errors.length > 0)
      return { body: { valid: false, errors: errors.map((error) => ({ ...error })) } };
    return { body: { valid: true, digest: specDigest(checked.spec), errors: [] } };
  },
});
