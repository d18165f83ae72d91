import { z } from 'zod';
import { engineEventSchema } from '../events/event.ts';

/** Days for which a dead letter is kept since it last failed. */
export const keptDays = 30;

export const deadLetterStates = ['open', 'redriven'] as const;

/**
 * Asynchronous work that was given up: what a function was called with in vain. The same event that fails in the same
 * function again is the same dead letter.
 */
export const deadLetterSchema = z.strictObject({
  id: z.string().regex(/^dlq_[0-9A-F]{26}$/),
  /** Name of the function that failed. */
  source: z.string().max(256),
  state: z.enum(deadLetterStates),
  /** What is told again where it is redriven; absent: nothing of it can be. */
  event: engineEventSchema.optional(),
  /** The message as it came, where it holds no such event. */
  text: z.string().max(10_000).optional(),
  error: z.string().max(2_000),
  /** Calls that failed, in all. */
  attempts: z.number().int().min(1),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  /** How often it was told again, and when last. */
  redrives: z.number().int().min(0),
  redrivenAt: z.iso.datetime().optional(),
  /** The messages that it was made of, the latest ones: each is counted once, however often it comes. */
  messages: z.array(z.string()).max(10),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

/** What the API shows of a dead letter. */
export const deadLetterViewSchema = deadLetterSchema
  .omit({ messages: true })
  .extend({ redrivable: z.boolean().describe('It has an event that can be told again.') })
  .meta({ id: 'DeadLetter' });

export function deadLetterView({ messages: _, ...letter }: DeadLetter): z.input<typeof deadLetterViewSchema> {
  return { ...letter, redrivable: letter.event !== undefined };
}
