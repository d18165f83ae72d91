import { z } from 'zod';

/** What is known of all endpoints of a tenant together, so that their number is bounded. */
export const bookSchema = z.strictObject({ endpoints: z.number().int().min(0) });
