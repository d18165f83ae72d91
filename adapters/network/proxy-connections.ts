import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { bypassesProxy, type WebProxy } from '../../core/wiring/proxy.ts';
import type { Connection } from './web-fetch.ts';

/**
 * Which connections go through a proxy. Node speaks its protocol: http by absolute addresses, https through a tunnel,
 * with the user and password of the proxy's address where it has some.
 * @returns the connection to an address; undefined where it is connected to directly
 */
export function proxyConnections(proxy: WebProxy | undefined): (url: URL) => Connection | undefined {
  if (proxy === undefined) return () => undefined;
  const proxyEnv = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  const [http, https] = [new HttpAgent({ proxyEnv }), new HttpsAgent({ proxyEnv })];
  return (url) => {
    if (bypassesProxy(proxy, url.hostname)) return undefined;
    return { agent: url.protocol === 'https:' ? https : http };
  };
}
