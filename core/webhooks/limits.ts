/** Bounds of webhooks, each with its reason. */
export const webhookLimits = {
  /** Endpoints of a tenant: one query reads them all, for each event. */
  endpoints: 25,
  /** Entries of a filter. */
  filters: 50,
  /** Characters of an address. */
  url: 2_048,
  description: 200,
  /** Secrets of an endpoint that live at once: each signs each delivery. */
  secrets: 4,
  /** Random bytes of a secret: as many as HMAC-SHA-256 uses best; Standard Webhooks asks for 24 to 64. */
  secretBytes: 32,
  /** Seconds for which the secret before signs too, unless said otherwise, and at most. */
  overlapSeconds: 86_400,
  mostOverlapSeconds: 7 * 86_400,
  /** Milliseconds in which an endpoint must have answered: Standard Webhooks asks for 15 to 30 seconds. */
  answerMilliseconds: 15_000,
  /** Bytes of an answer's body that are read, and of these kept. */
  readBytes: 65_536,
  keptBytes: 4_096,
  /** Days for which deliveries are kept. */
  keptDays: 30,
  /** Seconds of a `Retry-After` that are waited at most. */
  mostRetryAfterSeconds: 86_400,
  /** Seconds for which other deliveries to an endpoint that asks to be left alone wait too, at most. */
  mostQuietSeconds: 3_600,
} as const;
