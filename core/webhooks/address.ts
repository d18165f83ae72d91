import { EngineError } from '../errors.ts';
import { reachOf } from '../network-address.ts';
import { webhookLimits } from './limits.ts';

/** Ports beside those that any user may open: 80 and 443. Those below are of mail, shells and name servers. */
const firstFreePort = 1_024;

/** A host as an address names it, without the brackets of IPv6. */
const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

const isIp = (host: string): boolean => /^[\d.]+$/.test(host) || host.includes(':');

/**
 * Why an address is none that webhooks are sent to, with what can be done; undefined where it is one. A name is not
 * resolved: whoever connects judges what it resolves to then.
 * @param privateHosts hosts that the operator has named: they may have private addresses, and be spoken to without TLS
 */
export function addressFault(
  text: string,
  privateHosts: readonly string[],
): { readonly reason: string; readonly remedy: string } | undefined {
  const url = text.length > webhookLimits.url ? null : URL.parse(text);
  if (url === null) return { reason: 'it is no address', remedy: 'give one such as https://example.com/hooks' };
  const host = url.hostname.toLowerCase();
  const isKnown = privateHosts.includes(host);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isKnown)) {
    return {
      reason: 'it is not https',
      remedy: 'give an https address; http is for hosts that the operator has named',
    };
  }
  if (url.username !== '' || url.password !== '') {
    return { reason: 'it holds a user or password', remedy: 'leave them out: the signature tells who sends' };
  }
  if (url.hash !== '') return { reason: 'it has a fragment', remedy: 'leave out what follows the #' };
  const port = url.port === '' ? 443 : Number(url.port);
  if (port !== 80 && port !== 443 && port < firstFreePort) {
    return { reason: `the port ${port} is of another service`, remedy: 'use 443, 80, or one from 1024 on' };
  }
  const ip = bare(host);
  if (!isIp(ip)) {
    // One label has no public address, and what a resolver makes of it is its own network's.
    if (isKnown || /^[^.]+\.[^.]/.test(host)) return undefined;
    return { reason: 'its host has one label alone', remedy: 'give the full name of a public host' };
  }
  const reach = reachOf(ip);
  if (reach === 'public' || (reach === 'private' && isKnown)) return undefined;
  // Which of them it is says something of the network that the engine is in.
  return { reason: 'its host is no public address', remedy: 'give the name of a public host' };
}

/** @throws EngineError webhook.url_refused */
export function needAddress(text: string, privateHosts: readonly string[]): void {
  const fault = addressFault(text, privateHosts);
  if (fault === undefined) return;
  throw new EngineError('webhook.url_refused', `Webhooks are not sent to this address: ${fault.reason}.`, {
    fields: [{ path: 'url', code: 'webhook.url_refused', ...fault }],
  });
}
