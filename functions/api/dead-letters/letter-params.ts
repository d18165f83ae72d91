import { z } from 'zod';

/** The parameter of operations on one dead letter. */
export const letterParams = z.strictObject({
  letterId: z
    .string()
    .regex(/^dlq_[0-9A-F]{26}$/)
    .describe('The dead letter’s id.'),
});
