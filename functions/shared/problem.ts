import { z } from 'zod';
import { errorCatalogue } from '../../core/error-catalogue.ts';
import { EngineError, type ErrorCode } from '../../core/errors.ts';
import { ConditionFailed } from '../../core/ports/table.ts';
import { quotaProblemMembers } from '../../core/quota/exceeded.ts';

/** Problem details (RFC 9457), the body of every answer that is no success. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe('URN of the kind of problem; ends with `code`.'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What was wrong with this very request.'),
    code: z.string().describe('Stable: programs decide by it.'),
    requestId: z.string().describe('What the operator finds the request by; also in the header X-Request-Id.'),
    errors: z.array(z.strictObject({ path: z.string(), code: z.string(), reason: z.string(), remedy: z.string() })),
    remedy: z.string(),
    ...quotaProblemMembers,
    cleanupId: z.string().exactOptional().describe('Of `cleanup.running`: the one that is under way.'),
    purgeAt: z.string().exactOptional().describe('Of `artifact.in_trash`: until when it can be taken back.'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;

/** Media type of problem details. */
export const problemMediaType = 'application/problem+json';

/** Seconds after which a caller may try again where the error does not say: long enough for a throttle to pass. */
const retryAfterDefault = 5;

/** Any error as the engine's own; what is not one becomes `internal.error`, whose cause only the log sees. */
export function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (error instanceof ConditionFailed) {
    return new EngineError('resource.conflict', 'Another request changed the same thing at the same time.', {
      cause: error,
    });
  }
  return new EngineError('internal.error', 'The request could not be served.', { cause: error });
}

/** Body and headers of the answer for an error. The request id is the only member that differs between equal errors. */
export function problemOf(
  error: EngineError,
  requestId: string,
): { readonly problem: Problem; readonly headers: Readonly<Record<string, string>> } {
  const problem: Problem = {
    type: problemType(error.code),
    title: errorCatalogue[error.code].title,
    status: error.status,
    detail: error.detail,
    code: error.code,
    requestId,
    errors: error.fields.map(({ path, code, reason, remedy }) => ({ path, code, reason, remedy })),
    remedy: error.remedy,
    ...error.extensions,
  };
  const retryAfter = error.retryAfterSeconds ?? (error.status === 503 ? retryAfterDefault : undefined);
  return {
    problem,
    headers: {
      'content-type': problemMediaType,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
      ...(error.status === 401 ? { 'www-authenticate': 'Bearer realm="linux-builder-engine"' } : {}),
    },
  };
}

/** The `type` member for a code. */
export function problemType(code: ErrorCode): string {
  return `urn:linux-builder-engine:problem:${code}`;
}
