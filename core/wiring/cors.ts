import { z } from 'zod';

/** As a browser writes an origin: scheme, host in lower case, and a port where it is not the scheme's own. */
const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.parse(text)?.origin === text;

/** Origins as configuration writes them, parted by commas: `https://console.example,http://localhost:5173`. */
export const originListSchema = z
  .string()
  .max(4_096)
  .transform((text) => text.split(/, */))
  .refine(
    (origins) => origins.every(isOrigin),
    'not a list of origins, such as https://console.example, parted by commas',
  );

/**
 * What pages of the allowed origins may send and read. Keys come in a header and never as cookies, so no credentials of a
 * browser are let through.
 */
export const corsPolicy = {
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  requestHeaders: ['authorization', 'content-type', 'idempotency-key'],
  exposedHeaders: ['location', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
  /** Seconds for which a browser need not ask again. */
  maxAgeSeconds: 3_600,
} as const;

/**
 * What pages may do with the object stores where any page may call the API: read and write at signed addresses, which let
 * in whoever has them, from wherever. Browsers follow the API's redirect to a store in nobody's name (`Origin: null`).
 */
export const storeCorsPolicy = {
  origin: '*',
  methods: ['GET', 'HEAD', 'PUT'],
  requestHeaders: ['*'],
  exposedHeaders: ['etag', 'content-range'],
  maxAgeSeconds: 3_600,
} as const;
