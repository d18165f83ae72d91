import type { WebProxy } from '../../core/wiring/proxy.ts';
import { proxyConnections } from './proxy-connections.ts';
import { createWebFetch, type WebFetch } from './web-fetch.ts';

/** A `fetch` for addresses that the operator has set, wherever they are: through the proxy, where there is one. */
export function createTrustedFetch(proxy?: WebProxy): WebFetch {
  if (proxy === undefined) return (address, init) => fetch(address, init);
  const proxied = proxyConnections(proxy);
  return createWebFetch(async (url) => proxied(url) ?? { agent: false });
}
