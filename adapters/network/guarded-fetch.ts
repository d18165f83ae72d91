import { lookup as resolveName } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { reachOf } from '../../core/network-address.ts';

/** As many as browsers of packages follow; a ring of them ends here. */
const mostRedirects = 5;
const redirects = [301, 302, 303, 307, 308];

/** The address may not be asked. */
export class AddressRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'AddressRefused';
  }
}

/** Asks an address by GET; its answer is that of `fetch`. */
export type GuardedFetch = (
  address: string,
  init: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<Response>;

/** Throws where an IP address is none that may be asked for the sake of a host. */
function needAllowed(ip: string, host: string, privateHosts: ReadonlySet<string>): void {
  const reach = reachOf(ip);
  if (reach === 'public' || (reach === 'private' && privateHosts.has(host))) return;
  // Which of them it is says something of the network that the engine is in: it is told to nobody.
  throw new AddressRefused('the host has no public address, and the operator does not allow it');
}

/** Resolves a name and hands on its addresses only if each of them may be asked: what is checked is what is connected to. */
function guardedLookup(privateHosts: ReadonlySet<string>): LookupFunction {
  return (host, options, done) => {
    resolveName(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      try {
        for (const { address } of addresses) needAllowed(address, host.toLowerCase(), privateHosts);
      } catch (refused) {
        return done(refused instanceof Error ? refused : new AddressRefused(String(refused)), '', 0);
      }
      const [first] = addresses;
      if (options.all === true) done(null, addresses);
      else if (first === undefined) done(new AddressRefused('the host has no address'), '', 0);
      else done(null, first.address, first.family);
    });
  };
}

/** One request, with a connection of its own: none that somebody else has opened is used. */
function ask(url: URL, lookup: LookupFunction, init: Parameters<GuardedFetch>[1]): Promise<IncomingMessage> {
  const options = { lookup, agent: false, signal: init.signal, headers: { ...init.headers } } as const;
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:' ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    request.on('error', reject).end();
  });
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

/**
 * A `fetch` for addresses that a tenant chose: it connects to public addresses alone, whatever a name resolves to at
 * that moment, and judges each redirect as it judged the first address.
 * @param privateHosts hosts, as they stand in addresses, that may have private and loopback addresses too; link-local
 *   ones, such as those of metadata services, no host may have
 * @throws (the answer) AddressRefused; the network's error
 */
export function createGuardedFetch(privateHosts: readonly string[]): GuardedFetch {
  const allowed = new Set(privateHosts.map((host) => host.toLowerCase()));
  const lookup = guardedLookup(allowed);
  return async (address, init) => {
    let url = new URL(address);
    for (let redirected = 0; ; redirected += 1) {
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      // No name is looked up for these.
      if (isIP(host) !== 0) needAllowed(host, url.hostname, allowed);
      const message = await ask(url, lookup, init);
      const { location } = message.headers;
      if (!redirects.includes(message.statusCode ?? 0) || location === undefined) return answerOf(message);
      message.resume();
      message.destroy();
      if (redirected === mostRedirects) throw new AddressRefused(`it redirects more than ${mostRedirects} times`);
      url = target(url, location);
    }
  };
}
