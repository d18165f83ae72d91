/** Errors of what protects the service from its callers, as core/error-catalogue.ts has all of them. */
export const protectionErrors = {
  'request.rate_limited': {
    status: 429,
    title: 'The key asks too often',
    remedy: 'Wait for the seconds in Retry-After; RateLimit and RateLimit-Policy say how much is left of what.',
  },
} as const;
