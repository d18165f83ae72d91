import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { isObject, jsonSchema, parseJson } from './json.ts';
import { type ThreadRow, threadBodySchema } from './thread.ts';

export const executionStatuses = ['running', 'succeeded', 'failed', 'timed_out', 'stopped'] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

/** A stored execution. Its row stays for ever, so that its name is never used again. */
export interface ExecutionRow {
  readonly name: string;
  readonly definition: string;
  readonly input: JsonObject;
  readonly status: ExecutionStatus;
  readonly output: JsonValue | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

/** How a task ended: with a result, or with an error and its cause. */
export type TaskOutcome = { readonly result: JsonValue } | { readonly error: string; readonly cause: string };

const executionSchema = z.object({
  name: z.string(),
  definition: z.string(),
  input: z.string(),
  status: z.enum(executionStatuses),
  output: z.string().nullable(),
  error: z.string().nullable(),
  cause: z.string().nullable(),
  started_at: z.number(),
  ended_at: z.number().nullable(),
});
const threadSchema = z.object({ id: z.number(), parent: z.number().nullable(), body: z.string() });
export const taskSchema = z.object({ task_id: z.string(), outcome: z.string().nullable() });
export const outcomeSchema = z.union([
  z.strictObject({ result: jsonSchema }),
  z.strictObject({ error: z.string(), cause: z.string() }),
]);

/** Reads a row of executions. */
export function executionOf(row: unknown): ExecutionRow {
  const stored = executionSchema.parse(row);
  const input = parseJson(stored.input);
  return {
    name: stored.name,
    definition: stored.definition,
    input: isObject(input) ? input : {},
    status: stored.status,
    output: stored.output === null ? undefined : parseJson(stored.output),
    error: stored.error ?? undefined,
    cause: stored.cause ?? undefined,
    startedAt: stored.started_at,
    endedAt: stored.ended_at ?? undefined,
  };
}

/** Reads a row of threads. */
export function threadOf(row: unknown): ThreadRow {
  const stored = threadSchema.parse(row);
  return {
    id: stored.id,
    parent: stored.parent ?? undefined,
    body: threadBodySchema.parse(parseJson(stored.body)),
  };
}
