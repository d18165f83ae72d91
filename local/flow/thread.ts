import { z } from 'zod';
import type { JsonObject } from '../../core/digest.ts';
import { jsonSchema } from './json.ts';
import type { Scope } from './states.ts';

/** Milliseconds since the epoch. */
const instant = z.number().int();

/**
 * What a thread is in the midst of, inside its state; absent where nothing outside has been touched yet, or where
 * doing it once more is right (a function is idempotent).
 */
const attemptSchema = z.discriminatedUnion('kind', [
  /** A Wait state: until when. */
  z.strictObject({ kind: z.literal('wait'), until: instant }),
  /** A retrier's delay. */
  z.strictObject({ kind: z.literal('retry'), until: instant }),
  /** A function with a time limit. */
  z.strictObject({ kind: z.literal('function'), deadline: instant }),
  z.strictObject({ kind: z.literal('token'), token: z.string(), deadline: instant.optional() }),
  /** A builder task that was started, or was about to be. */
  z.strictObject({
    kind: z.literal('task'),
    taskId: z.string(),
    clientToken: z.string(),
    deadline: instant.optional(),
  }),
  /** A Map whose children are stored. */
  z.strictObject({ kind: z.literal('map') }),
]);
export type Attempt = z.infer<typeof attemptSchema>;

/** The stored part of a thread of execution: the machine's own, or one iteration of a Map. */
export const threadBodySchema = z.strictObject({
  /** `pending`: an iteration that has not begun. `ended`: one whose output waits for its siblings. */
  phase: z.enum(['pending', 'running', 'ended']),
  state: z.string(),
  input: jsonSchema,
  /** Of the thread's own scope. */
  variables: z.record(z.string(), jsonSchema),
  enteredAt: instant,
  /** Retries so far in this state, by retrier. */
  retries: z.array(z.number().int()),
  item: z.strictObject({ index: z.number().int(), value: jsonSchema }).optional(),
  attempt: attemptSchema.optional(),
  output: jsonSchema.optional(),
});
export type ThreadBody = z.infer<typeof threadBodySchema>;

/** A stored thread. */
export interface ThreadRow {
  readonly id: number;
  readonly parent: number | undefined;
  readonly body: ThreadBody;
}

/** A thread that runs; `body` is replaced whole. */
export interface Thread {
  readonly id: number;
  readonly scope: Scope;
  /** Variables of the scopes around, as they were when the Map was entered: they cannot change before it ends. */
  readonly outer: JsonObject;
  readonly signal: AbortSignal;
  body: ThreadBody;
  /**
   * False where a crash now would do again what a function did in an earlier state: then the thread is stored before
   * its next state touches anything outside. Pass and Choice touch nothing, and what a wait, a token, a task or a Map
   * came to is stored with them; these are walked through again after a crash and come to the same.
   */
  stored: boolean;
}
