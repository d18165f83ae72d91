import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';
import { EngineError } from '../../../core/errors.ts';
import { measureCall, measureRequest } from '../../../core/telemetry/measured.ts';
import type { RequestLog } from '../router.ts';
import { createEmfMetrics } from './emf-metrics.ts';

/** One of each a function: Powertools reads POWERTOOLS_* itself, which lib/ sets. */
export const logger = new Logger();
export const tracer = new Tracer();

const service = process.env.POWERTOOLS_SERVICE_NAME ?? 'lbuild';

/** What the engine itself measures, by the names of core/wiring. */
export const metrics = createEmfMetrics({
  write: (line) => process.stdout.write(`${line}\n`),
  now: () => new Date(),
  service,
});

/** The parts of a failure that a log may hold: never an event, a body or a vendor's answer in full. */
export function failureFacts(error: unknown): { name: string; message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { name: 'unknown', message: 'a value that is no error', stack: undefined };
  const cause = error instanceof EngineError && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { name: error.name, message: `${error.message}${cause}`.slice(0, 2_000), stack: error.stack };
}

/** Writes each request to the log, and measures it. */
export const requestLog: RequestLog = {
  request: (entry) => {
    measureRequest(metrics, entry);
    logger.info('request', { ...entry });
  },
  failure: (entry, cause) => logger.error('request failed', { ...entry, failure: failureFacts(cause) }),
};

/** Counts each start of a process, by Powertools' own metric `ColdStart`. */
const coldStarts = new Metrics();
export const countColdStarts = {
  before: (request: { readonly context: Context }): void =>
    coldStarts.captureColdStartMetric(request.context.functionName),
};

/** Measures each call of a function: how it ended, and how long it took. */
export function measureCalls() {
  let began = 0;
  const ended = (outcome: 'ok' | 'failed') => () =>
    measureCall(metrics, { function: service, outcome, milliseconds: Date.now() - began });
  return {
    before: (): void => {
      began = Date.now();
    },
    after: ended('ok'),
    onError: ended('failed'),
  };
}
