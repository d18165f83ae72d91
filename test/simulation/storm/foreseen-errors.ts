import { Killed, Unheard } from '../../../bench/simulation/call-life.ts';
import { Throttled } from '../../../bench/simulation/faulty-table.ts';
import { EngineError } from '../../../core/errors.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';
import type { EventFunctionName } from '../../../core/wiring/flow-functions.ts';

/** Errors that functions may have without a fault that falls on them, and why. */
const known: Readonly<Partial<Record<EventFunctionName, string>>> = {
  // A storm has no archive for audit logs.
  exportAudit: 'configuration.invalid',
};

/** What a function failed for that no fault of the weather explains; undefined where one does. */
export function unforeseen(name: EventFunctionName, error: unknown): string | undefined {
  const wrong = singleErrors(error).find((one) => !isForeseen(name, one));
  if (wrong === undefined) return undefined;
  return `${name}: ${wrong instanceof Error ? (wrong.stack ?? wrong.message).slice(0, 500) : String(wrong)}`;
}

const singleErrors = (error: unknown): unknown[] =>
  error instanceof AggregateError ? error.errors.flatMap(singleErrors) : [error];

function isForeseen(name: EventFunctionName, error: unknown): boolean {
  if (error instanceof EngineError) return error.code === known[name];
  return [Killed, Unheard, Throttled, ConditionFailed].some((kind) => error instanceof kind);
}
