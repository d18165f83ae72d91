/** Headers of answers, by the name that they have among the document's components. */
export const headerComponents = {
  RequestId: {
    description: 'What the operator finds the request by.',
    schema: { type: 'string' },
    example: 'req_06D5C1Q1Z0W8V3N7K2M4R6T9XA',
  },
  RateLimit: {
    description:
      'Requests that the key has left, and seconds until it has all of them again, where requests are limited.',
    schema: { type: 'string' },
    example: '"key";r=119;t=1',
  },
  RateLimitPolicy: {
    description:
      'Requests that a key may make at once, and seconds in which that many come back, where they are limited.',
    schema: { type: 'string' },
    example: '"key";q=120;w=60',
  },
  RetryAfter: {
    description: 'Seconds after which it may go better.',
    schema: { type: 'integer', minimum: 1 },
    example: 5,
  },
  Challenge: {
    description: 'That a bearer token is wanted (RFC 6750).',
    schema: { type: 'string' },
    example: 'Bearer realm="linux-builder-engine"',
  },
  Location: {
    description: 'Path of what was made.',
    schema: { type: 'string' },
    example: '/v1/builds/bld_06D5C1Q1Z0W8V3N7K2M4R6T9XA',
  },
  SignedUrl: {
    description: 'A signed address of the bytes, good for five minutes; it needs no key.',
    schema: { type: 'string', format: 'uri' },
    example: 'https://store.example/artifacts/disk.qcow2?X-Amz-Signature=5d672d79c15b13162d9279b0855cfba6',
  },
  NextPage: {
    description: 'Of CSV: the next page, where there is one (RFC 8288).',
    schema: { type: 'string' },
    example: '</v1/usage/records?format=csv&cursor=abc>; rel="next"',
  },
  EntityTag: {
    description: 'Changes with the page; send it as `If-None-Match`.',
    schema: { type: 'string' },
    example: '"8d777f385d3dfec8815d20f7496026dc"',
  },
  Vary: {
    description: 'Of CSV: that the answer depends on the Accept header.',
    schema: { type: 'string' },
    example: 'accept',
  },
} as const;

export type HeaderComponent = keyof typeof headerComponents;

/** A reference to a header of the components. */
export function headerRef(name: HeaderComponent): { readonly $ref: `#/components/headers/${HeaderComponent}` } {
  return { $ref: `#/components/headers/${name}` };
}

/** Headers of an answer to somebody whose key was counted. */
export const rateHeaders = { RateLimit: headerRef('RateLimit'), 'RateLimit-Policy': headerRef('RateLimitPolicy') };
