import type { Metrics } from '../ports/metrics.ts';

/** `2xx`, `4xx` …: the status itself would be a series each. */
const classOf = (status: number): string => `${Math.floor(status / 100)}xx`;

/** Measures a request that was answered. */
export function measureRequest(
  metrics: Metrics,
  { operation, status, milliseconds }: { operation: string; status: number; milliseconds: number },
): void {
  metrics.count('lbuild_http_requests_total', { operation, status: classOf(status) });
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
