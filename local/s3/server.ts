import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../core/ports/clock.ts';
import { storeCorsPolicy } from '../../core/wiring/cors.ts';
import { openStore } from './open-store.ts';
import { type HandedOver, type S3Response, type S3Store, type StoreLimits, s3Limits } from './operation.ts';
import { routeRequest } from './routes.ts';
import { S3Error } from './s3-error.ts';
import { optionsOf, readS3Request } from './s3-request.ts';
import { forgetDamaged } from './sealed-files.ts';
import { DamagedBody, sendFile } from './send-file.ts';
import { checkSignature, type SigningIdentity } from './signature.ts';

/** Longer than SDKs keep a connection, so that they rather than the server give up an idle one. */
const idleMilliseconds = 60_000;
/** How long `close` waits for requests under way before it cuts them off. */
const closeMilliseconds = 2_000;

/** A running S3 server. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`, for clients with path-style addressing. */
  readonly endpoint: string;
  /** Stops listening, ends what is under way, and lets go of the directory. */
  close(): Promise<void>;
  /**
   * The read-only regular file that holds an object's bytes now, for a hard link or a reflink. Its bytes never change,
   * but it goes when the object is deleted or replaced: link it at once.
   * @throws Error where there is no such object, or its file was written to
   */
  fileOf(place: { bucket: string; path: string }): string;
}

/**
 * Starts a small S3 for one machine on 127.0.0.1: path-style, one pair of keys, Signature Version 4 as S3 checks it,
 * objects as files below `directory`. What was acknowledged outlives the process; it outlives a power cut a moment later,
 * until when one leaves it whole or absent. Every bucket of a valid name is there. What it does not do it refuses with
 * 501 and the operation's name.
 * @param options.region the region that signatures must name, `us-east-1` unless given
 * @param options.port a free one unless given
 * @param options.handedOver where files of this machine lie that may become bodies; none unless given
 * @param options.limits what is not to be as S3 has it
 * @param options.pages whether pages of other origins may use signed addresses
 * @throws Error where another server holds the directory or the port is taken
 */
export async function startS3Server(options: {
  directory: string;
  accessKeyId: string;
  secretAccessKey: string;
  region?: string;
  clock: Clock;
  port?: number;
  handedOver?: HandedOver;
  limits?: Partial<StoreLimits>;
  pages?: boolean;
}): Promise<S3Server> {
  const { accessKeyId, secretAccessKey, region = 'us-east-1', clock } = options;
  const opened = await openStore(options.directory, clock);
  const closeStore = opened.close;
  const { handedOver } = options;
  const store: S3Store = {
    ...opened.store,
    limits: { ...s3Limits, ...options.limits },
    completions: new Map(),
    ...(handedOver === undefined ? {} : { handedOver }),
  };
  const underWay = new Set<Promise<void>>();
  let requests = 0;
  const listener =
    (proceed: (response: ServerResponse) => void) => (message: IncomingMessage, response: ServerResponse) => {
      requests += 1;
      if (options.pages === true && message.headers.origin !== undefined && answeredPage(message, response)) return;
      const work = answer({
        store,
        identity: { accessKeyId, secretAccessKey, region },
        message,
        response,
        requestId: requests.toString(16).toUpperCase().padStart(16, '0'),
        proceed: () => proceed(response),
      }).finally(() => underWay.delete(work));
      underWay.add(work);
    };
  const server = createServer(
    { keepAliveTimeout: idleMilliseconds, requestTimeout: 0 },
    listener(() => undefined),
  );
  server.on(
    'checkContinue',
    listener((response) => response.writeContinue()),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    await closeStore();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the S3 server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([closed, wait(closeMilliseconds, undefined, { ref: false })]);
      server.closeAllConnections();
      await closed;
      await Promise.all(underWay);
      await closeStore();
    },
    fileOf({ bucket, path }) {
      const object = store.objects.find(bucket, path);
      // One that was written to is not linked: whoever asks for it over HTTP hears whether it is still right.
      if (object === undefined || !store.files.isSealed(object.body)) {
        throw new Error(`there is no object ${bucket}/${path} as it was written`);
      }
      return store.files.pathOf(object.body.id);
    },
  };
}

/**
 * Lets a page read the answer, as a bucket does that has a rule for it.
 * @returns true where the page only asked whether it may send a request, and has its answer
 */
function answeredPage(message: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('access-control-allow-origin', storeCorsPolicy.origin);
  response.setHeader('access-control-expose-headers', storeCorsPolicy.exposedHeaders.join(', '));
  if (message.method !== 'OPTIONS') return false;
  response.writeHead(200, {
    'access-control-allow-methods': storeCorsPolicy.methods.join(', '),
    'access-control-allow-headers': message.headers['access-control-request-headers'] ?? '',
    'access-control-max-age': String(storeCorsPolicy.maxAgeSeconds),
  });
  response.end();
  return true;
}

interface Exchange {
  readonly store: S3Store;
  readonly identity: SigningIdentity;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly proceed: () => void;
}

/** Answers one request; never rejects. */
async function answer(exchange: Exchange): Promise<void> {
  const { message, response, store, requestId } = exchange;
  response.sendDate = false;
  // The store's clock, since SDKs set theirs by it.
  response.setHeader('date', store.clock.now().toUTCString());
  response.setHeader('x-amz-request-id', requestId);
  let proceeded = message.headers.expect === undefined;
  try {
    const proceed = () => {
      proceeded = true;
      exchange.proceed();
    };
    await send(response, await perform({ ...exchange, proceed }));
  } catch (error) {
    if (error instanceof DamagedBody) await forgetDamaged(store, error.body);
    if (response.headersSent || message.socket.destroyed) {
      response.destroy();
      return;
    }
    const refusal = error instanceof S3Error ? error : internalError(error, requestId);
    const xml = message.method === 'HEAD' ? '' : refusal.toXml((message.url ?? '').split('?')[0] ?? '', requestId);
    response.writeHead(refusal.status, {
      ...refusal.headers,
      'content-type': 'application/xml',
      ...(message.method === 'HEAD' ? {} : { 'content-length': Buffer.byteLength(xml) }),
      // A sender that was not told to go on may or may not send its body: only a new connection is unambiguous.
      ...(proceeded ? {} : { connection: 'close' }),
    });
    response.end(xml);
  }
  // What is left of a refused body is read and dropped, so that its sender comes to read the answer.
  message.resume();
}

async function perform(exchange: Exchange): Promise<S3Response> {
  const { message, store, identity, proceed } = exchange;
  const request = readS3Request(message);
  const { payload } = checkSignature(request, identity, store.clock.now());
  const options = optionsOf(request);
  const handle = routeRequest(request, options);
  const place = { bucket: request.bucket, key: request.key };
  return handle({ message, request, options, payload, proceed, store, place });
}

async function send(response: ServerResponse, { status, headers, body }: S3Response): Promise<void> {
  if (body === undefined || typeof body === 'string') {
    const bodyless = status === 204 || status === 304 || headers['content-length'] !== undefined;
    response.writeHead(status, bodyless ? headers : { ...headers, 'content-length': Buffer.byteLength(body ?? '') });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  await sendFile(response, body);
}

function internalError(error: unknown, requestId: string): S3Error {
  console.error(`S3 request ${requestId} failed:`, error);
  return new S3Error('InternalError', 'We encountered an internal error. Please try again.');
}
