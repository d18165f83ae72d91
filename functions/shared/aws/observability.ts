import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { EngineError } from '../../../core/errors.ts';
import type { RequestLog } from '../router.ts';

/** One of each a function: Powertools reads POWERTOOLS_* itself, which lib/ sets. */
export const logger = new Logger();
export const metrics = new Metrics();
export const tracer = new Tracer();

/** The parts of a failure that a log may hold: never an event, a body or a vendor's answer in full. */
export function failureFacts(error: unknown): { name: string; message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { name: 'unknown', message: 'a value that is no error', stack: undefined };
  const cause = error instanceof EngineError && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { name: error.name, message: `${error.message}${cause}`.slice(0, 2_000), stack: error.stack };
}

/** Writes each request to the log, and counts what the service failed at. */
export const requestLog: RequestLog = {
  request: (entry) => logger.info('request', { ...entry }),
  failure: (entry, cause) => {
    metrics.addMetric('RequestsFailed', MetricUnit.Count, 1);
    logger.error('request failed', { ...entry, failure: failureFacts(cause) });
  },
};

/**
 * Counts each call. It is registered last: middy runs `after` and `onError` from the last to the first, and what is
 * counted after the metrics went out would be told with the next call's.
 */
export const countCalls = {
  after: (): void => {
    metrics.addMetric('CallsCompleted', MetricUnit.Count, 1);
  },
  onError: (): void => {
    metrics.addMetric('CallsFailed', MetricUnit.Count, 1);
  },
};
