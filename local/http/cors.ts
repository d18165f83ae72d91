import type { IncomingHttpHeaders } from 'node:http';
import { corsPolicy } from '../../core/wiring/cors.ts';

type Headers = Readonly<Record<string, string>>;

/** What API Gateway does on AWS for pages of other origins (lib/http-api.ts), from the same policy. */
export interface Cors {
  /** Headers of the answer to a preflight; undefined where the request is none, or no origins are allowed at all. */
  preflight(method: string | undefined, headers: IncomingHttpHeaders): Headers | undefined;
  /** Headers that let the page that asked read an answer; none for pages of origins that are not allowed. */
  answer(headers: IncomingHttpHeaders): Headers;
}

export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  // Answers differ by origin: a cache must not give one page's answer to another.
  const vary = origins.length === 0 ? {} : { vary: 'origin' };
  const originOf = ({ origin }: IncomingHttpHeaders): Headers =>
    origin !== undefined && allowed.has(origin) ? { 'access-control-allow-origin': origin } : {};
  return {
    preflight(method, headers) {
      const asks = method === 'OPTIONS' && headers.origin !== undefined;
      if (!asks || headers['access-control-request-method'] === undefined || allowed.size === 0) return undefined;
      const origin = originOf(headers);
      if (Object.keys(origin).length === 0) return vary;
      return {
        ...vary,
        ...origin,
        'access-control-allow-methods': corsPolicy.methods.join(','),
        'access-control-allow-headers': corsPolicy.requestHeaders.join(','),
        'access-control-max-age': String(corsPolicy.maxAgeSeconds),
      };
    },
    answer(headers) {
      const origin = originOf(headers);
      if (Object.keys(origin).length === 0) return vary;
      return { ...vary, ...origin, 'access-control-expose-headers': corsPolicy.exposedHeaders.join(',') };
    },
  };
}
