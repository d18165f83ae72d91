import { z } from 'zod';

/** An id of any form that a path can hold: one that names nothing gets the answer of a missing build. */
export const buildParamsSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as bld_01J…')
    .describe('Id of the build.'),
});
