/** Errors of what protects the service from its callers, as core/error-catalogue.ts has all of them. */
export const protectionErrors = {
  'request.rate_limited': {
    status: 429,
    title: 'The key asks too often',
    remedy: 'Wait for the seconds in Retry-After; RateLimit and RateLimit-Policy say how much is left of what.',
  },
  'request.headers_too_large': {
    status: 431,
    title: 'The headers are too large',
    remedy: 'Send at most 10,240 bytes of headers, the request line included.',
  },
} as const;
