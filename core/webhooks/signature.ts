import { hmacSha256 } from '../digest.ts';
import { webhookLimits } from './limits.ts';

const prefix = 'whsec_';

/** The text of a secret, of the random bytes that are given as unpadded base64url. */
export function secretText(base64url: string): string {
  const base64 = base64url.replaceAll('-', '+').replaceAll('_', '/');
  return `${prefix}${base64.padEnd(Math.ceil(webhookLimits.secretBytes / 3) * 4, '=')}`;
}

/** What is signed of a delivery. */
export interface SignedMessage {
  /** The same for each attempt. */
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks: one signature for each secret that lives, so that a receiver may change over at any
 * time meanwhile.
 * @param secrets texts as `secretText` makes them
 */
export function signedHeaders({ id, at, body }: SignedMessage, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signatures = secrets.map((text) => {
    const key = Buffer.from(text.slice(prefix.length), 'base64');
    return `v1,${hmacSha256(`${id}.${timestamp}.${body}`, key)}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
