import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { measureRequest } from '../../../core/telemetry/measured.ts';
import type { HttpRequest, HttpResponse, Operation } from '../operation.ts';
import { asEngineError, problemOf } from '../problem.ts';
import { readQuery } from '../read-query.ts';
import { createRouter, securityHeaders } from '../router.ts';
import { portsOfFunction } from './compose.ts';
import { countColdStarts, failureFacts, logger, metrics, requestLog, tracer } from './observability.ts';

/** The parts of API Gateway's event (payload format 2.0) that a request is made of. */
const eventSchema = z.object({
  rawPath: z.string(),
  rawQueryString: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().optional(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({ requestId: z.string(), http: z.object({ method: z.string(), sourceIp: z.string() }) }),
});

/** What API Gateway takes for an answer. */
export interface GatewayResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** Time that a handler leaves itself, before Lambda ends it, to answer. */
const reserveMilliseconds = 500;

/**
 * Binds a group of operations to Lambda behind an HTTP API. The router answers every failure of an operation; what
 * fails before it is answered as a problem by the first middleware. It is registered first because middy runs
 * `onError` from the last to the first: all others have then seen the error.
 * @param ports where the ports come from; the function's environment unless a test says otherwise.
 */
export function bindOperations(operations: readonly Operation[], ports: () => Promise<Ports> = portsOfFunction) {
  let routing: Promise<(request: HttpRequest) => Promise<HttpResponse>> | undefined;
  const router = (): Promise<(request: HttpRequest) => Promise<HttpResponse>> => {
    routing ??= ports()
      .then((made) => createRouter({ ports: made, operations, log: requestLog }))
      .catch((error: unknown) => {
        routing = undefined;
        throw error;
      });
    return routing;
  };
  return middy<unknown, GatewayResponse>(async (event: unknown, context: Context): Promise<GatewayResponse> => {
    const remaining = Math.max(1, context.getRemainingTimeInMillis() - reserveMilliseconds);
    const request = readRequest(event, AbortSignal.timeout(remaining));
    const response = await (await router())(request);
    return { statusCode: response.status, headers: { ...response.headers }, body: response.body };
  })
    .use({
      onError: (request) => {
        measureRequest(metrics, { operation: 'none', status: 500, milliseconds: 0 });
        logger.error('request failed before its operation', { failure: failureFacts(request.error) });
        request.response = problemResponse(request.error, request.context.awsRequestId);
      },
    })
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(countColdStarts);
}

function readRequest(event: unknown, signal: AbortSignal): HttpRequest {
  const { rawPath, rawQueryString, headers, body, isBase64Encoded, requestContext } = eventSchema.parse(event);
  return {
    method: requestContext.http.method,
    path: encodedPath(rawPath),
    ...readQuery(new URLSearchParams(rawQueryString)),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: Uint8Array.from(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')),
    sourceAddress: requestContext.http.sourceIp,
    signal,
  };
}

/**
 * HTTP APIs hand over the path decoded, where the router expects it as it was sent: what cannot stand in a path is
 * encoded again. A decoded slash has become a separator and stays one; no id of ours holds one.
 */
function encodedPath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment.toWellFormed()).replaceAll('%3A', ':').replaceAll('%40', '@'))
    .join('/');
}

function problemResponse(thrown: unknown, requestId: string): GatewayResponse {
  const known = asEngineError(thrown);
  // What is wrong inside is for the log; a caller learns that it is not the caller's fault.
  const error = known.status === 500 ? new EngineError('internal.error', 'The request could not be served.') : known;
  const { problem, headers } = problemOf(error, requestId);
  return {
    statusCode: error.status,
    headers: { ...headers, 'x-request-id': requestId, ...securityHeaders },
    body: JSON.stringify(problem),
  };
}
