import { z } from 'zod';
import { warningSchema } from '../../../core/builds/warning.ts';
import { EngineError } from '../../../core/errors.ts';
import { specDigest } from '../../../core/spec/resolve.ts';
import { versionReferenceSchema } from '../../../core/templates/template-record.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { plannedSpec } from './checked-spec.ts';
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
      template: versionReferenceSchema.exactOptional().describe('The version of a template that it lies over.'),
      warnings: z.array(warningSchema).exactOptional(),
    })
    .meta({ id: 'SpecVerdict' }),
  status: 200,
  repeatable: true,
  errors: ['plugin.time_exceeded', 'plugin.unsupported'],
  async handle(ports, { body, context }) {
    try {
      const { spec, template, warnings } = await plannedSpec(ports, principalOf(context), body, context);
      return {
        body: {
          ...{ valid: true, digest: specDigest(spec), errors: [] },
          ...(template === undefined ? {} : { template }),
          ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
        },
      };
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'spec.invalid') throw error;
      return { body: { valid: false, errors: error.fields.map((field) => ({ ...field })) } };
    }
  },
});
