import type { PrometheusMetrics } from '../../adapters/prometheus/prometheus-metrics.ts';
import type { HttpRequest, HttpResponse } from '../../functions/shared/operation.ts';
import { securityHeaders } from '../../functions/shared/router.ts';

type Handle = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Answers `GET /metrics` with the metrics of this process, in the text format of Prometheus, and hands on all else. It
 * asks for no key, as Prometheus expects: what it tells names no tenant, and the front listens on loopback alone.
 */
export function withMetricsPage(metrics: Pick<PrometheusMetrics, 'text'>, handle: Handle): Handle {
  return async (request) => {
    if (request.path !== '/metrics' || request.method !== 'GET') return handle(request);
    const { contentType, body } = await metrics.text();
    return { status: 200, headers: { 'content-type': contentType, ...securityHeaders }, body };
  };
}
