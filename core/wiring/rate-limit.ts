import { z } from 'zod';

/** How often a key may ask: each request takes a token of the key's bucket. */
export const rateLimitSchema = z.strictObject({
  burst: z.number().int().min(1).max(1_000_000),
  perSecond: z.number().min(0.01).max(1_000_000),
  /** Several processes serve one key, and tell each other through the table; else each bucket is one process's. */
  shared: z.boolean(),
});
export type RateLimit = z.infer<typeof rateLimitSchema>;
