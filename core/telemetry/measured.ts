import type { Metrics } from '../ports/metrics.ts';

/**
 * `2xx`, `4xx` …: the status itself would be a series each. What an operator refuses on purpose is a class of its own, so
 * that it sets off no alarm.
 */
const classOf = (status: number, code: string | undefined): string =>
  code === 'service.maintenance' ? 'maintenance' : `${Math.floor(status / 100)}xx`;

/** Measures a request that was answered. */
export function measureRequest(
  metrics: Metrics,
  request: {
    readonly operation: string;
    readonly status: number;
    readonly code?: string;
    readonly milliseconds: number;
  },
): void {
  const { operation, status, code, milliseconds } = request;
  metrics.count('lbuild_http_requests_total', { operation, status: classOf(status, code) });
  metrics.observe('lbuild_http_request_seconds', { operation }, milliseconds / 1_000);
}

/** Measures a call of a function that has ended, well or not. */
export function measureCall(
  metrics: Metrics,
  call: { readonly function: string; readonly outcome: 'ok' | 'failed'; readonly milliseconds: number },
): void {
  metrics.count('lbuild_function_calls_total', { function: call.function, outcome: call.outcome });
  metrics.observe('lbuild_function_seconds', { function: call.function }, call.milliseconds / 1_000);
}
