import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { portsOfFunction } from './compose.ts';
import { countColdStarts, failureFacts, logger, measureCalls, tracer } from './observability.ts';

/** A function of the flow or of an event: it parses its input itself. */
export type FunctionHandle = (ports: Ports, input: unknown) => Promise<JsonValue | undefined>;

/**
 * Binds a function to Lambda. A failure is logged and thrown on: the state machine, the rule or the stream that
 * called decides whether to call again.
 * @param ports where the ports come from; the function's environment unless a test says otherwise.
 */
export function bindFunction(handle: FunctionHandle, ports: () => Promise<Ports> = portsOfFunction) {
  return middy<unknown, JsonValue | undefined>(async (event: unknown) => handle(await ports(), event))
    .use({ onError: (request) => logger.error('function failed', { failure: failureFacts(request.error) }) })
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(countColdStarts)
    .use(measureCalls());
}
