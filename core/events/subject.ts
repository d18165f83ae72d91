import { z } from 'zod';

/** The one build that an event on the bus tells of. A schedule's tick names none: then the function sweeps. */
const subjectSchema = z.looseObject({ detail: z.looseObject({ detail: z.looseObject({ buildId: z.string() }) }) });

/** Id of the build that an event is about; undefined for a schedule's tick. */
export function buildOf(input: unknown): string | undefined {
  const parsed = subjectSchema.safeParse(input);
  return parsed.success ? parsed.data.detail.detail.buildId : undefined;
}

const executionSchema = z.looseObject({
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.looseObject({ name: z.string(), status: z.string() }),
});

/** Name and status of an execution whose change Step Functions (or the local flow) reports. */
export function executionOf(input: unknown): { name: string; status: string } | undefined {
  const parsed = executionSchema.safeParse(input);
  return parsed.success ? { name: parsed.data.detail.name, status: parsed.data.detail.status } : undefined;
}
