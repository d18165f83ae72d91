import { z } from 'zod';
import { templateLimits } from '../../../core/templates/limits.ts';
import { wholeNumber } from '../../shared/whole-number.ts';

/** An id or a name of any form that a path can hold: one that names nothing gets the answer of a missing template. */
export const templateParamsSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as tpl_01J…, or a name')
    .describe('Id of the template; or its name, of your tenant’s own and of presets.'),
});

export const versionParamsSchema = templateParamsSchema.extend({
  version: wholeNumber(1, templateLimits.versions).describe('Number of the version.'),
});
