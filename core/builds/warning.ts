import { z } from 'zod';

/** What the caller should know of a build that starts all the same. */
export const warningSchema = z
  .strictObject({ code: z.string(), message: z.string().max(2_000) })
  .meta({ id: 'Warning' });
export type Warning = z.infer<typeof warningSchema>;
