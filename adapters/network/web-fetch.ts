import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { AddressRefused } from './address-refused.ts';
import { answerTo } from './answer-to.ts';

/** As many as browsers of packages follow; a ring of them ends here. */
const mostRedirects = 5;
const redirects = [301, 302, 303, 307, 308];

export interface WebRequest {
  /** GET unless given. */
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Asks an address; its answer is that of `fetch`. */
export type WebFetch = (address: string, init: WebRequest) => Promise<Response>;

/** How an address is connected to. */
export type Connection = Pick<RequestOptions, 'agent' | 'lookup'>;

/**
 * A `fetch` whose connections are chosen address by address: each redirect is judged as the first address was.
 * `authorization` stays with the scheme, host and port that it is for.
 * @param connect judges an address and says how it is connected to, before the signal is aborted
 * @throws (the answer) AddressRefused, what `connect` throws, the network's error
 */
export function createWebFetch(connect: (url: URL, signal: AbortSignal) => Promise<Connection>): WebFetch {
  return async (address, init) => {
    let url = new URL(address);
    const { origin } = url;
    let strayed = false;
    for (let redirected = 0; ; redirected += 1) {
      // Given up for good: whoever it is led away to chooses where it would come back.
      strayed ||= url.origin !== origin;
      const headers = Object.entries(init.headers ?? {}).filter(
        ([name]) => !strayed || name.toLowerCase() !== 'authorization',
      );
      const message = await ask(url, await connect(url, init.signal), {
        ...init,
        headers: Object.fromEntries(headers),
      });
      const { location } = message.headers;
      if (!redirects.includes(message.statusCode ?? 0) || location === undefined) return answerOf(message);
      message.resume();
      message.destroy();
      if (redirected === mostRedirects) throw new AddressRefused(`it redirects more than ${mostRedirects} times`);
      url = target(url, location);
    }
  };
}

function ask(url: URL, connection: Connection, { method, headers, signal }: WebRequest): Promise<IncomingMessage> {
  const options = { ...connection, method: method ?? 'GET', signal, headers: { ...headers } };
  return answerTo(url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options));
}

/** Where a redirect leads. @throws AddressRefused where that is no web address, or gives up the encryption */
function target(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null || !/^https?:$/.test(to.protocol) || to.username !== '' || to.password !== '') {
    throw new AddressRefused('it redirects to what is no address of an archive');
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new AddressRefused('it redirects from https to http');
  }
  return to;
}

function answerOf(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  }
  // These have no body, and Response takes none with them.
  const empty = [204, 205, 304].includes(status);
  if (empty) message.resume();
  return new Response(empty ? null : Readable.toWeb(message), { status, headers });
}
