import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ArchiveStore, type StoredAnswer } from './archive-store.ts';
import type { ArchiveAddresses } from './reference.ts';

/** A cache of the package archives on loopback, which every tool is given instead of them. */
export interface ArchiveCache {
  /** The archives' addresses for tools that take one. */
  readonly addresses: ArchiveAddresses;
  /** Answers that came from the archive itself so far: where it grows while a tool works, its cache was not warm. */
  readonly fetched: number;
  close(): Promise<void>;
}

/**
 * Starts the cache: a mirror under `/debian` and `/debian-security`. It answers from its folder, and takes what is
 * not there from the archive that is named, and from no other address.
 * @param upstream the archives that this machine's own apt uses
 */
export async function startArchiveCache(options: {
  readonly directory: string;
  readonly upstream: ArchiveAddresses;
  readonly now: () => number;
}): Promise<ArchiveCache> {
  const store = new ArchiveStore(options.directory);
  const mirrors = [
    { prefix: '/debian-security/', address: options.upstream.security },
    { prefix: '/debian/', address: options.upstream.debian },
  ];
  const pending = new Map<string, Promise<StoredAnswer>>();
  let fetched = 0;

  const take = async (address: string): Promise<StoredAnswer> => {
    const response = await fetch(address, { redirect: 'follow' });
    const body = Buffer.from(await response.arrayBuffer());
    fetched += 1;
    const lastModified = response.headers.get('last-modified') ?? undefined;
    const type = response.headers.get('content-type') ?? 'application/octet-stream';
    const answer = { status: response.status, type, at: options.now(), ...(lastModified ? { lastModified } : {}) };
    // Only what the archive has, or says that it has not, is remembered.
    if (response.status !== 200 && response.status !== 404) throw new Error(`the archive answered ${response.status}`);
    return store.keep(address, answer, body);
  };
  const find = async (address: string): Promise<StoredAnswer> => {
    const known = await store.find(address, options.now());
    if (known !== undefined) return known;
    let work = pending.get(address);
    if (work === undefined) {
      work = take(address).finally(() => pending.delete(address));
      pending.set(address, work);
    }
    return work;
  };

  const server = createServer((request, response) => {
    answer(request, response, mirrors, find).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('the cache has no port');
  const base = `http://127.0.0.1:${place.port}`;
  return {
    addresses: { debian: `${base}/debian`, security: `${base}/debian-security` },
    get fetched() {
      return fetched;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  mirrors: readonly { readonly prefix: string; readonly address: string }[],
  find: (address: string) => Promise<StoredAnswer>,
): Promise<void> {
  const path = request.url ?? '/';
  const mirror = mirrors.find(({ prefix }) => path.startsWith(prefix));
  if (mirror === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(404).end();
    return;
  }
  const found = await find(`${mirror.address}/${path.slice(mirror.prefix.length)}`);
  const times = found.lastModified === undefined ? {} : { 'last-modified': found.lastModified };
  if (found.lastModified !== undefined && request.headers['if-modified-since'] === found.lastModified) {
    response.writeHead(304, times).end();
    return;
  }
  response.writeHead(found.status, { 'content-type': found.type, 'content-length': found.size, ...times });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(found.file), response);
}
