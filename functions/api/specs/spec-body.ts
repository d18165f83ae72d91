import { z } from 'zod';
import { specSchema } from '../../../core/spec/schema.ts';
import { templatedSpecSchema } from '../../../core/templates/templated-spec.ts';

/** A spec as the OpenAPI document shows it; what decides is checkSpec, which finds all errors at once. */
export const specBodySchema = z.union([
  specSchema.meta({ id: 'Spec' }),
  templatedSpecSchema.meta({ id: 'TemplatedSpec' }),
]);
