import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import { addAbortListener } from 'node:events';
import { isIP, type LookupFunction } from 'node:net';
import { reachOf } from '../../core/network-address.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { AddressRefused } from './address-refused.ts';
import { proxyConnections } from './proxy-connections.ts';
import { type Connection, createWebFetch, type WebFetch } from './web-fetch.ts';

/** Asks for all addresses of a name, as `lookup` of node:dns does. */
export type ResolveName = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Throws where an IP address is none that may be asked for the sake of a host. */
function needAllowed(ip: string, host: string, privateHosts: ReadonlySet<string>): void {
  const reach = reachOf(ip);
  if (reach === 'public' || (reach === 'private' && privateHosts.has(host))) return;
  // Which of them it is says something of the network that the engine is in: it is told to nobody.
  throw new AddressRefused('the host has no public address, and the operator does not allow it');
}

/** Resolves a name and hands on its addresses only if each of them may be asked: what is checked is what is connected to. */
function guardedLookup(privateHosts: ReadonlySet<string>, resolveName: ResolveName): LookupFunction {
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

/**
 * The addresses that a name has here; none where it has none, as where a proxy alone knows the names of the world.
 * @throws the signal's reason, where the resolver has not answered by then: no request is there yet that would end
 */
function addressesOf(host: string, signal: AbortSignal, resolveName: ResolveName): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    const listening = addAbortListener(signal, () => reject(signal.reason));
    resolveName(host, { all: true }, (error, addresses) => {
      listening[Symbol.dispose]();
      resolve(error === null ? addresses : []);
    });
  });
}

/**
 * A `fetch` for addresses that a tenant chose: it connects to public addresses alone, whatever a name resolves to at
 * that moment, and judges each redirect as it judged the first address. A connection is never one that somebody else has
 * opened. Through a proxy the name is resolved once more, by the proxy: what is judged here is what it has here, and the
 * proxy answers for the rest (docs/decisions/0046).
 * @param privateHosts hosts, as they stand in addresses, that may have private and loopback addresses too; link-local
 *   ones, such as those of metadata services, no host may have
 * @throws (the answer) AddressRefused; the network's error
 */
export function createGuardedFetch(privateHosts: readonly string[], proxy?: WebProxy): WebFetch {
  return createWebFetch(guardedConnect(privateHosts, proxy));
}

/**
 * Judges an address as `createGuardedFetch` does and says how it is connected to.
 * @param resolveName the system's, unless a test has one of its own
 * @throws (the answer) AddressRefused; the signal's reason
 */
export function guardedConnect(
  privateHosts: readonly string[],
  proxy?: WebProxy,
  resolveName: ResolveName = lookup,
): (url: URL, signal: AbortSignal) => Promise<Connection> {
  const allowed = new Set(privateHosts.map((host) => host.toLowerCase()));
  const guarded = guardedLookup(allowed, resolveName);
  const proxied = proxyConnections(proxy);
  return async (url, signal) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // No name is looked up for these.
    if (isIP(host) !== 0) needAllowed(host, url.hostname, allowed);
    const connection = proxied(url);
    if (connection === undefined) return { lookup: guarded, agent: false };
    if (isIP(host) === 0) {
      for (const { address } of await addressesOf(host, signal, resolveName))
        needAllowed(address, host.toLowerCase(), allowed);
    }
    return connection;
  };
}
