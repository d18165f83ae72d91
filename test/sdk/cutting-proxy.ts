import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { onLoopback } from '../support/loopback.ts';

/** A download that went through. */
export interface Passed {
  readonly range: string | undefined;
  readonly ifMatch: string | undefined;
  readonly status: number;
}

/** What becomes of one download: it is cut at a place of the file, hangs there, or is refused. */
export interface Accident {
  /** Bytes from the file's beginning. */
  readonly at?: number;
  readonly hangs?: true;
  readonly refused?: number;
  /** Takes the range from the request, as a store does that knows none. */
  readonly rangeless?: true;
  /** Says no length, so that only the end of the connection tells whether all came. */
  readonly lengthless?: true;
  /** Done when it is cut. */
  readonly meanwhile?: () => Promise<void>;
}

/** Stands before a store, passes all requests on with the host that they name, and cuts downloads. */
export interface CuttingProxy {
  readonly url: string;
  readonly downloads: Passed[];
  /** What becomes of the next downloads, one after another; after these they go well. */
  accidents: Accident[];
  close(): Promise<void>;
}

/**
 * @param target address of the store, asked for at each request
 * @param renames whether the store gets its own host in place of the one that requests name, where it signed that one
 */
export async function startCuttingProxy(target: () => string, renames = false): Promise<CuttingProxy> {
  const server = createServer((incoming, outgoing) => {
    if (renames) incoming.headers.host = new URL(target()).host;
    pass(proxy, target(), incoming, outgoing);
  });
  const { url, close } = await onLoopback(server);
  const proxy: CuttingProxy = { url, close, downloads: [], accidents: [] };
  return proxy;
}

function pass(proxy: CuttingProxy, target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const isDownload = incoming.method === 'GET' && (incoming.url ?? '').includes('X-Amz-Signature');
  const accident = isDownload ? (proxy.accidents.shift() ?? {}) : {};
  const { range, ...others } = incoming.headers;
  const headers = accident.rangeless === true ? others : incoming.headers;
  const note = (status: number) => {
    const ifMatch = incoming.headers['if-match'];
    if (isDownload) proxy.downloads.push({ range, ifMatch, status });
  };
  if (accident.refused !== undefined) {
    note(accident.refused);
    outgoing.writeHead(accident.refused).end();
    return;
  }
  const { hostname, port } = new URL(target);
  const onwards = httpRequest({ hostname, port, path: incoming.url, method: incoming.method, headers }, (answer) => {
    note(answer.statusCode ?? 0);
    const { 'content-length': length, ...unsized } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 500, {
      ...unsized,
      ...(accident.lengthless === true || length === undefined ? {} : { 'content-length': length }),
    });
    const start = answer.statusCode === 206 ? Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0) : 0;
    if (accident.at === undefined) answer.pipe(outgoing);
    else void cut(answer, outgoing, Math.max(0, accident.at - start), accident);
  });
  onwards.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onwards.destroy());
  incoming.pipe(onwards);
}

async function cut(answer: IncomingMessage, outgoing: ServerResponse, after: number, accident: Accident) {
  let left = after;
  for await (const piece of answer) {
    const part = (piece as Buffer).subarray(0, left);
    left -= part.length;
    await new Promise((resolve) => outgoing.write(part, resolve));
    if (left <= 0) break;
  }
  await accident.meanwhile?.();
  // Closed and not reset: what was sent arrives.
  if (accident.hangs !== true) outgoing.socket?.end();
}
