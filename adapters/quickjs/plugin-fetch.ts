import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pluginLimits } from '../../core/plugins/limits.ts';
import { quoted } from '../../core/text.ts';
import { addressFault } from '../../core/webhooks/address.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { AddressRefused } from '../network/address-refused.ts';
import { answerTo } from '../network/answer-to.ts';
import { guardedConnect, type ResolveName } from '../network/guarded-fetch.ts';
import type { PluginAnswer, PluginRequest } from './plugin-request.ts';

export interface PluginFetchOptions {
  /** Hosts that may have private addresses. */
  readonly privateHosts?: readonly string[] | undefined;
  readonly proxy?: WebProxy | undefined;
  /** Certificates that are trusted beside the system's, and how names are resolved: tests have their own. */
  readonly ca?: string | undefined;
  readonly resolve?: ResolveName | undefined;
}

/** Asks for a plugin. It answers, whatever comes. */
export type PluginFetch = (
  request: PluginRequest,
  hosts: readonly string[],
  signal: AbortSignal,
) => Promise<PluginAnswer>;

/** Why an address may not be asked. */
class Refused extends Error {}
/** Why an answer is none. */
class Failed extends Error {}

const redirects = [301, 302, 303, 307, 308];

/**
 * A `fetch` for plugins: by https alone, of the hosts alone that were declared and granted, through the guard that
 * webhooks are sent by (each address that a name has at that moment is judged, and one of those is connected to).
 * Redirects are judged as the first address was. Connections are never kept.
 */
export function createPluginFetch(options: PluginFetchOptions): PluginFetch {
  const known = (options.privateHosts ?? []).map((host) => host.toLowerCase());
  const connect = guardedConnect(known, options.proxy, options.resolve);
  const ca = options.ca === undefined ? {} : { ca: options.ca };

  const follow = async (first: PluginRequest, hosts: readonly string[], signal: AbortSignal): Promise<PluginAnswer> => {
    let url = needAllowed(URL.parse(first.url), hosts, known);
    let request = first;
    for (let redirected = 0; ; redirected += 1) {
      const { method, body } = request;
      const bytes = body === null ? undefined : Buffer.from(body);
      const length = bytes === undefined ? {} : { 'content-length': String(bytes.byteLength) };
      const headers = { ...headersOf(request.headers), ...length, connection: 'close' };
      const connection = await connect(url, signal);
      const given = { ...connection, ...ca, method, headers, signal, maxHeaderSize: 16_384 };
      const message = await answerTo(httpsRequest(url, given), bytes);
      const { statusCode = 0 } = message;
      const { location } = message.headers;
      if (!redirects.includes(statusCode) || location === undefined) return await read(message);
      message.destroy();
      if (redirected === pluginLimits.fetchRedirects.value) {
        throw new Refused(`it redirects more than ${redirected} times`);
      }
      const target = needAllowed(URL.parse(location, url.href), hosts, known);
      request = redirectedRequest(request, statusCode, target.origin !== url.origin);
      url = target;
    }
  };

  return async (request, hosts, signal) => {
    try {
      return await follow(request, hosts, signal);
    } catch (error) {
      return failureOf(error);
    }
  };
}

/** @throws Refused */
function needAllowed(url: URL | null, hosts: readonly string[], known: readonly string[]): URL {
  if (url === null) throw new Refused('it is no address');
  if (url.protocol !== 'https:') throw new Refused('it is not https');
  const { hostname } = url;
  if (!hosts.includes(hostname)) {
    throw new Refused(`the host ${quoted(hostname)} is none that was declared and granted`);
  }
  url.hash = '';
  const fault = addressFault(url.href, known);
  if (fault !== undefined) throw new Refused(fault.reason);
  return url;
}

/** Headers by name, each value of a name that stands there several times. */
function headersOf(pairs: PluginRequest['headers']): Record<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const [name, value] of pairs) headers.set(name, [...(headers.get(name) ?? []), value]);
  return Object.fromEntries(headers);
}

/** What is asked of where a redirect leads, as Fetch has it: what is for one origin stays there. */
function redirectedRequest(request: PluginRequest, status: number, isElsewhere: boolean): PluginRequest {
  const becomesGet =
    (status === 303 && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  const headers = request.headers.filter(([name]) => {
    if (isElsewhere && (name === 'authorization' || name === 'cookie')) return false;
    return !(becomesGet && name.startsWith('content-'));
  });
  return becomesGet ? { ...request, headers, method: 'GET', body: null } : { ...request, headers };
}

/** @throws Failed where there is more than a plugin may read; the network's error */
async function read(message: IncomingMessage): Promise<PluginAnswer> {
  const { value: most } = pluginLimits.fetchBodyBytes;
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of message) {
      const bytes: Uint8Array = piece;
      length += bytes.byteLength;
      if (length > most) throw new Failed(`the answer has more than ${most} bytes`);
      pieces.push(bytes);
    }
  } finally {
    message.destroy();
  }
  const headers = Object.entries(message.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]);
  return {
    ...{ ok: true, status: message.statusCode ?? 0, headers: Object.fromEntries(headers) },
    body: Buffer.concat(pieces).toString('utf8'),
  };
}

/** Why there is no answer. What the network says of itself is told as far as its code, which names no address. */
function failureOf(error: unknown): PluginAnswer {
  const refused = (reason: string): PluginAnswer => ({ ok: false, code: 'plugin.fetch_refused', reason });
  if (error instanceof Refused) return refused(`The address is refused: ${error.message}.`);
  if (error instanceof AddressRefused) return refused('The host has no public address.');
  const failed = (reason: string): PluginAnswer => ({ ok: false, code: 'plugin.fetch_failed', reason });
  if (error instanceof Failed) return failed(`There is no answer: ${error.message}.`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return failed('The host has no address.');
  return failed(`The connection failed (${code.replaceAll(/[^A-Z0-9_]/gi, '').slice(0, 60)}).`);
}
