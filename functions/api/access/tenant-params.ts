import { z } from 'zod';

/** The parameter of operations on one tenant, whoever's it is. */
export const tenantParams = z.strictObject({
  tenantId: z
    .string()
    .regex(/^ten_[0-9A-Z]{26}$/)
    .describe('The tenant’s id.'),
});
