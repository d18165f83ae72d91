import { z } from 'zod';
import type { JsonObject, JsonValue } from '../digest.ts';
import { jsonObjectSchema } from '../json.ts';
import { eventCatalogue } from './catalogue.ts';
import { type EngineEvent, engineEventSchema, eventSource } from './event.ts';

/** What a rule's target receives, as EventBridge delivers it (less `version`, `account`, `region`, `resources`). */
export interface EventEnvelope {
  readonly 'detail-type': string;
  readonly source: string;
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  readonly detail: JsonObject;
}

/** An execution of the build state machine ended. */
export interface ExecutionChange {
  readonly name: string;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly input: JsonObject;
  readonly output?: JsonValue;
  readonly error?: string;
  readonly cause?: string;
}

/** Why a function was called: an event of the engine, an execution's end, or a schedule. */
export type Trigger =
  | { readonly kind: 'event'; readonly event: EngineEvent }
  | { readonly kind: 'execution'; readonly change: ExecutionChange }
  | { readonly kind: 'schedule' };

/** `detail-type` and `source` that AWS itself gives to the other two kinds. */
const executionType = { 'detail-type': 'Step Functions Execution Status Change', source: 'aws.states' } as const;
const scheduleType = { 'detail-type': 'Scheduled Event', source: 'aws.events' } as const;

/** `input` and `output` travel as JSON text; what does not parse is refused. */
const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON text' });
    return z.NEVER;
  }
});

const changeSchema = z.looseObject({
  name: z.string().min(1),
  status: z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
  input: jsonText.pipe(jsonObjectSchema),
  output: jsonText.pipe(z.json()).nullish(),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});

/** An event whose detail is as the catalogue has it; members that are in no catalogue are kept as they came. */
const toldSchema = engineEventSchema.superRefine(({ type, detail }, context) => {
  const { error } = eventCatalogue[type].detail.safeParse(detail);
  for (const { path, message } of error?.issues ?? []) {
    context.addIssue({ code: 'custom', path: ['detail', ...path], message });
  }
});

const envelopeSchema = z.discriminatedUnion('source', [
  z.looseObject({ source: z.literal(eventSource), detail: toldSchema }),
  z.looseObject({
    source: z.literal(executionType.source),
    'detail-type': z.literal(executionType['detail-type']),
    detail: changeSchema,
  }),
  z.looseObject({ source: z.literal(scheduleType.source), 'detail-type': z.literal(scheduleType['detail-type']) }),
]);

/** The envelope of an event of the engine; `detail` carries the whole event, whose own id is the dedupe key. */
export function eventEnvelope(event: EngineEvent): EventEnvelope {
  const { id, type, version, tenantId, at, detail } = event;
  return {
    'detail-type': type,
    source: eventSource,
    id,
    time: at,
    detail: { id, type, version, tenantId, at, detail },
  };
}

/** The envelope of an execution's end. Input and output are JSON text in it, as Step Functions writes them. */
export function executionEnvelope(change: ExecutionChange, id: string, time: Date): EventEnvelope {
  return {
    ...executionType,
    id,
    time: time.toISOString(),
    detail: {
      name: change.name,
      status: change.status,
      input: JSON.stringify(change.input),
      output: change.output === undefined ? null : JSON.stringify(change.output),
      error: change.error ?? null,
      cause: change.cause ?? null,
    },
  };
}

/** The envelope of a schedule's run. */
export function scheduleEnvelope(id: string, time: Date): EventEnvelope {
  return { ...scheduleType, id, time: time.toISOString(), detail: {} };
}

/**
 * Reads what a function was called with, wherever it runs: EventBridge adds members, which are passed over.
 * @throws z.ZodError where it is none of the three envelopes.
 */
export function readTrigger(payload: unknown): Trigger {
  const envelope = envelopeSchema.parse(payload);
  if (envelope.source === eventSource) return { kind: 'event', event: envelope.detail };
  if (envelope.source === scheduleType.source) return { kind: 'schedule' };
  const { name, status, input, output, error, cause } = envelope.detail;
  return {
    kind: 'execution',
    change: {
      name,
      status,
      input,
      ...(output === undefined || output === null ? {} : { output }),
      ...(error === undefined || error === null ? {} : { error }),
      ...(cause === undefined || cause === null ? {} : { cause }),
    },
  };
}
