import type { Clock } from '../core/ports/clock.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { measureCall, measureRequest } from '../core/telemetry/measured.ts';
import type { RequestLog } from '../functions/shared/router.ts';

/** Measures each request that is logged. */
export function measuredRequests(log: RequestLog, metrics: Metrics): RequestLog {
  return {
    request: (entry) => {
      measureRequest(metrics, entry);
      log.request(entry);
    },
    failure: log.failure,
  };
}

/** Makes what calls a function measure the call: how it ended, and how long it took. */
export function measureHandlers(metrics: Metrics, clock: Clock) {
  return async <Result>(name: string, call: () => Promise<Result>): Promise<Result> => {
    const began = clock.now().getTime();
    const measure = (outcome: 'ok' | 'failed'): void =>
      measureCall(metrics, { function: name, outcome, milliseconds: clock.now().getTime() - began });
    try {
      const result = await call();
      measure('ok');
      return result;
    } catch (error) {
      measure('failed');
      throw error;
    }
  };
}
