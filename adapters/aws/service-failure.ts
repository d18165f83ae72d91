import { EngineError } from '../../core/errors.ts';

/** What an AWS call throws is told apart by its name; the SDK's own retries are over when it arrives here. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/**
 * The failure of an AWS service in the engine's words: the caller may try again. The vendor's text stays in `cause`,
 * for the log: it can hold account numbers and addresses.
 */
export function serviceFailure(service: string, error: unknown): EngineError {
  const name = error instanceof Error ? error.name : 'unknown failure';
  return new EngineError('service.unavailable', `${service} does not answer (${name}).`, {
    retryAfterSeconds: 5,
    cause: error,
  });
}
