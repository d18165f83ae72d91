import type { Principal } from '../../core/access/principal.ts';
import type { CsvTable } from '../../core/billing/csv.ts';
import { EngineError } from '../../core/errors.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { createAdmission } from './admission.ts';
import { csvAnswer, wantsCsv } from './csv-answer.ts';
import type { HttpRequest, HttpResponse, Operation, OperationContext } from './operation.ts';
import { isKnown, pageHeaders } from './page-answer.ts';
import { asEngineError, problemOf } from './problem.ts';
import { refusedNames } from './refused-names.ts';
import { maxBodyBytes, readBody } from './request-body.ts';
import { createRouteTable } from './route-table.ts';
import { fieldErrors, placeOf } from './schema-errors.ts';

/** What the router tells of each request: ids and outcome, never a body, a query, a header or a token. */
export interface RequestEntry {
  readonly requestId: string;
  readonly operation: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly tenantId?: string;
  readonly keyId?: string;
  readonly code?: string;
}

/** Where the router writes. `failure` gets the cause of each answer of 500 and above. */
export interface RequestLog {
  request(entry: RequestEntry): void;
  failure(entry: RequestEntry, cause: unknown): void;
}

export interface RouterOptions {
  readonly ports: Ports;
  readonly operations: readonly Operation[];
  readonly log: RequestLog;
  /** Checks each answer against its schema; for tests and development, since production answers what is typed. */
  readonly validateResponses?: boolean;
}

/** Headers of every answer. The API serves data to programs: no page may frame, cache, sniff or run anything of it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** Answers that have no body say so by `null` in the response schema. */
const emptyBody = null;

/** Makes the one entrance to a list of operations: match, authenticate, authorise, validate, handle, answer. */
export function createRouter(options: RouterOptions): (request: HttpRequest) => Promise<HttpResponse> {
  const { ports, log } = options;
  const routes = createRouteTable(options.operations);
  const admission = createAdmission(ports);

  return async (request) => {
    const began = ports.clock.now().getTime();
    const requestId = ports.ids.next('req');
    const seen: { operation: string; principal?: Principal } = { operation: 'none' };
    const entry = (status: number, code?: string): RequestEntry => ({
      requestId,
      operation: seen.operation,
      status,
      milliseconds: ports.clock.now().getTime() - began,
      ...(seen.principal === undefined ? {} : { tenantId: seen.principal.tenantId, keyId: seen.principal.keyId }),
      ...(code === undefined ? {} : { code }),
    });
    const extra: Record<string, string> = {};
    try {
      const match = routes.match(request.method, request.path);
      if (match.kind === 'method') {
        extra.allow = match.allow.join(', ');
        throw new EngineError('request.method_not_allowed', 'There are operations here, but with other methods.');
      }
      if (match.kind === 'none') throw new EngineError('request.not_found', 'No operation is at this path.');
      const { operation } = match;
      seen.operation = operation.id;
      const mostBytes = operation.mostBytes ?? maxBodyBytes;
      if (request.body.byteLength > mostBytes) {
        throw new EngineError('request.too_large', `The body has more than ${mostBytes} bytes.`);
      }
      const access = await admission.identify(operation, request, requestId);
      let reach: Pick<OperationContext, 'reach'> = {};
      if (access.principal !== undefined) {
        // Known before it is judged: a refusal has a name to it.
        seen.principal = access.principal;
        reach = { reach: await admission.admit(operation, access.principal, extra) };
      }
      const input = parseInput(operation, match.params, request);
      const result = await operation.handle(ports, {
        ...input,
        context: { requestId, signal: request.signal, ...access, ...reach, ...idempotencyOf(operation, request) },
      });
      const body = options.validateResponses === true ? operation.response.parse(result.body) : result.body;
      const csv =
        operation.csv !== undefined && wantsCsv(request) ? asCsv(operation.csv(body), request, body) : undefined;
      const headers = { ...extra, ...result.headers, ...csv?.headers, 'x-request-id': requestId };
      const response =
        operation.page === true
          ? pageAnswer(request, headers, String(body))
          : answer(
              result.status ?? operation.status,
              headers,
              csv?.body ?? (body === emptyBody ? undefined : JSON.stringify(body)),
            );
      log.request(entry(response.status));
      return response;
    } catch (thrown) {
      const error = await admission.refusal(seen.operation, seen.principal, asEngineError(thrown));
      const { problem, headers } = problemOf(error, requestId);
      if (error.status >= 500 && error.code !== 'service.maintenance')
        log.failure(entry(error.status, error.code), error.cause ?? thrown);
      log.request(entry(error.status, error.code));
      return answer(error.status, { ...extra, ...headers, 'x-request-id': requestId }, JSON.stringify(problem));
    }
  };
}

/** An answer as CSV, with the way to the next page where the list has one. */
function asCsv(table: CsvTable, request: HttpRequest, body: unknown) {
  const cursor = typeof body === 'object' && body !== null && 'cursor' in body ? body.cursor : undefined;
  return csvAnswer(table, request, cursor);
}

/** Parses params, query and body; all that is wrong comes back at once. */
function parseInput(operation: Operation, rawParams: Readonly<Record<string, string>>, request: HttpRequest) {
  // Where no body belongs, whatever is there is refused unread.
  const raw =
    operation.body === undefined
      ? undefined
      : readBody(request.body, request.headers['content-type'], operation.mostBytes);
  const params = operation.params.safeParse(rawParams);
  const query = operation.query.safeParse(request.query);
  const body = operation.body?.safeParse(raw);
  const errors = [
    ...(params.error === undefined ? [] : fieldErrors(params.error, 'path')),
    ...(query.error === undefined ? [] : fieldErrors(query.error, 'query')),
    ...(body?.error === undefined ? [] : fieldErrors(body.error, '')),
  ];
  // A body that its handler checks itself is a spec, and its survey knows the name.
  if (operation.describedBody === undefined) {
    const told = new Set(errors.map(({ path }) => path));
    errors.push(...refusedNames(raw).filter(({ path }) => !told.has(path)));
  }
  for (const name of request.repeated ?? []) {
    errors.push({
      path: placeOf([name], 'query'),
      code: 'field.repeated',
      reason: 'it is there more than once',
      remedy: 'send it once',
    });
  }
  if (operation.body === undefined && request.body.byteLength > 0) {
    errors.push({
      path: '',
      code: 'body.unexpected',
      reason: 'this operation takes no body',
      remedy: 'send none',
    });
  }
  if (errors.length > 0) {
    throw new EngineError('request.invalid', `${errors.length} field(s) of the request are not valid.`, {
      fields: errors,
    });
  }
  return { params: params.data, query: query.data, body: body?.data };
}

function idempotencyOf(operation: Operation, request: HttpRequest): Pick<OperationContext, 'idempotencyKey'> {
  const key = request.headers['idempotency-key'];
  if (operation.idempotent !== true || key === undefined) return {};
  if (!/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new EngineError('request.invalid', 'The Idempotency-Key is not valid.', {
      fields: [
        {
          path: 'header.idempotency-key',
          code: 'field.invalid',
          reason: 'it is not 1 to 128 visible ASCII characters',
          remedy: 'send a fresh random id, such as a UUID',
        },
      ],
    });
  }
  return { idempotencyKey: key };
}

/** A page, or that the caller has it. What it may load it says itself; the other security headers hold for it too. */
function pageAnswer(request: HttpRequest, headers: Readonly<Record<string, string>>, body: string): HttpResponse {
  const isThere = isKnown(request, headers.etag);
  const { headers: all, ...rest } = answer(isThere ? 304 : 200, headers, isThere ? undefined : body);
  const own = { ...headers, ...pageHeaders };
  return { ...rest, headers: { ...all, ...own } };
}

/**
 * An answer with the security headers.
 * @throws Error where a header could break out of its line: what users wrote must never become a header unseen.
 */
function answer(status: number, headers: Readonly<Record<string, string>>, body: string | undefined): HttpResponse {
  const all: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...headers,
    ...securityHeaders,
  };
  for (const [name, value] of Object.entries(all)) {
    if (!/^[a-z0-9-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) {
      throw new Error(`the header ${JSON.stringify(name)} cannot be sent`);
    }
  }
  return { status, headers: all, body: body ?? '' };
}
