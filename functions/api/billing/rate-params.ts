import { z } from 'zod';
import { daySchema } from '../../../core/billing/days.ts';

export const rateParamsSchema = z.strictObject({
  from: daySchema.describe('The first day on which the version holds, from 00:00 UTC.'),
});
