import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../core/errors.ts';
import type { Ids } from '../../core/ports/ids.ts';
import type { HttpRequest, HttpResponse } from '../../functions/shared/operation.ts';
import { problemOf } from '../../functions/shared/problem.ts';
import { readQuery } from '../../functions/shared/read-query.ts';
import { securityHeaders } from '../../functions/shared/router.ts';
import { type Cors, createCors } from './cors.ts';

/** The limits of API Gateway's HTTP API, so that what works here works there: 10,240 bytes of headers, 30 s. */
const headerBytes = 10_240;
const requestMilliseconds = 30_000;

/** A connection that nobody uses stays open for longer than clients keep one: they end it, and no request meets its end. */
const idleMilliseconds = 75_000;

export interface HttpFront {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Takes no more connections, lets running requests end for up to a second, then cuts them. */
  close(): Promise<void>;
}

/**
 * The HTTP front of the local engine: turns Node's requests into the router's and back, on loopback only.
 * The router decides everything; the front only keeps the limits that API Gateway keeps on AWS.
 */
export async function startHttpFront(options: {
  handle: (request: HttpRequest) => Promise<HttpResponse>;
  /** 0 or absent: a free one. */
  port?: number;
  maxBodyBytes: number;
  ids: Ids;
  /** Origins whose pages may read answers; absent: none. */
  origins?: readonly string[];
}): Promise<HttpFront> {
  const { handle, maxBodyBytes, ids, origins = [] } = options;
  const parts: FrontParts = { handle, maxBodyBytes, ids, cors: createCors(origins) };
  const server = createServer(
    { maxHeaderSize: headerBytes, requestTimeout: requestMilliseconds, keepAliveTimeout: idleMilliseconds },
    (request, response) => {
      void answer(parts, request, response);
    },
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseUnread(error, socket, ids));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1_000).unref();
      }),
  };
}

interface FrontParts {
  readonly handle: (request: HttpRequest) => Promise<HttpResponse>;
  readonly maxBodyBytes: number;
  readonly ids: Ids;
  readonly cors: Cors;
}

/** Answers what Node could not read as a request, by the code that says why, and ends the connection. */
function refuseUnread(error: NodeJS.ErrnoException, socket: Duplex, ids: Ids): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const reason = tooLarge
    ? new EngineError('request.headers_too_large', `The headers have more than ${headerBytes} bytes.`)
    : new EngineError('request.unreadable', 'The request cannot be read.', { cause: error });
  const { status, headers, body } = refusal(reason, ids);
  const all = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n'));
}

async function answer(options: FrontParts, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  const cors = options.cors.answer(incoming.headers);
  try {
    const preflight = options.cors.preflight(incoming.method, incoming.headers);
    if (preflight !== undefined) {
      send(outgoing, { status: 204, headers: { ...securityHeaders, ...preflight }, body: '' }, false);
      return;
    }
    const body = await readBody(incoming, options.maxBodyBytes);
    if (body === undefined) {
      const tooLarge = new EngineError('request.too_large', `The body has more than ${options.maxBodyBytes} bytes.`);
      send(outgoing, withHeaders(refusal(tooLarge, options.ids), cors), true);
      return;
    }
    const target = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const { remoteAddress } = incoming.socket;
    const response = await options.handle({
      method: incoming.method ?? 'GET',
      path: target.pathname,
      ...readQuery(target.searchParams),
      headers: headersOf(incoming),
      body,
      ...(remoteAddress === undefined ? {} : { sourceAddress: remoteAddress }),
      signal: gone.signal,
    });
    send(outgoing, withHeaders(response, cors), false);
  } catch (error) {
    // The router answers its own failures: what comes here is a broken connection or a request that is none.
    if (!outgoing.headersSent && !outgoing.destroyed) {
      const unreadable = new EngineError('request.unreadable', 'The request cannot be read.', { cause: error });
      send(outgoing, withHeaders(refusal(unreadable, options.ids), cors), true);
    }
  }
}

/** The body, or undefined where it is longer than it may be. */
async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Repeated headers are joined by commas as API Gateway joins them. */
function headersOf(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return headers;
}

function refusal(error: EngineError, ids: Ids): HttpResponse {
  const requestId = ids.next('req');
  const { problem, headers } = problemOf(error, requestId);
  const all = { ...securityHeaders, ...headers, 'x-request-id': requestId };
  return { status: error.status, headers: all, body: JSON.stringify(problem) };
}

const withHeaders = (response: HttpResponse, headers: Readonly<Record<string, string>>): HttpResponse => ({
  ...response,
  headers: { ...response.headers, ...headers },
});

function send(outgoing: ServerResponse, response: HttpResponse, close: boolean): void {
  outgoing.writeHead(response.status, { ...response.headers, ...(close ? { connection: 'close' } : {}) });
  outgoing.end(response.body);
}
