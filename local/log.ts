import type { RequestEntry, RequestLog } from '../functions/shared/router.ts';

/** Where the engine writes what happens: one JSON document a line, ids and outcomes, never a body or a token. */
export interface Log {
  readonly requests: RequestLog;
  info(message: string, facts: Readonly<Record<string, string | number>>): void;
  failure(what: string, error: unknown): void;
}

/** A log that writes to a stream, by default standard output. */
export function createLog(write: (line: string) => void, now: () => Date): Log {
  const line = (level: 'info' | 'error', message: string, facts: object): void => {
    write(`${JSON.stringify({ at: now().toISOString(), level, message, ...facts })}\n`);
  };
  const requestFailure = (entry: RequestEntry, cause: unknown): void => {
    line('error', 'request failed', { ...entry, cause: causeText(cause) });
  };
  return {
    requests: { request: (entry) => line('info', 'request', entry), failure: requestFailure },
    info: (message, facts) => line('info', message, facts),
    failure: (what, error) => line('error', what, { cause: causeText(error) }),
  };
}

function causeText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
