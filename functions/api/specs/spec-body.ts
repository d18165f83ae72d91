import { specSchema } from '../../../core/spec/schema.ts';

/** A spec as the OpenAPI document shows it; what decides is checkSpec, which finds all errors at once. */
export const specBodySchema = specSchema.meta({ id: 'Spec' });
