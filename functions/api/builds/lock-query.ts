import { z } from 'zod';
import { EngineError } from '../../../core/errors.ts';

/** The lock as an option of a request, for specs in files that are not to be changed. */
export const lockQuery = {
  lock: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('SHA-256 of the lock to build from, in place of the spec’s own `lock`.'),
} as const;

/** What a spec with a lock may be refused for, beside what any may. */
export const lockErrorCodes = [
  'lock.not_found',
  'lock.does_not_fit',
  'archive.not_configured',
  'archive.snapshot_not_configured',
  'plan.too_large',
] as const;

/**
 * A spec as it was sent, with the lock of the request.
 * @throws EngineError spec.invalid where the spec names another one
 */
export function withLock(body: unknown, lock: string | undefined): unknown {
  // What is no object the check of the spec refuses.
  if (lock === undefined || typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  if ('lock' in body && body.lock !== lock) {
    const field = {
      ...{ path: 'lock', code: 'spec.contradiction', reason: 'the request names another lock than the spec' },
      remedy: 'Name one of them.',
    };
    throw new EngineError('spec.invalid', 'The spec has 1 error(s).', { fields: [field] });
  }
  return { ...body, lock };
}
