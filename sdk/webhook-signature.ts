import { LinuxBuilderError } from './engine-error.ts';

/** Headers of a request, as fetch, Node or a framework has them. */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** An event as it is posted: which there are, and what each tells in `data`, is in docs/events.md. */
export interface WebhookEvent {
  readonly type: string;
  /** When it happened, as RFC 3339 writes it. */
  readonly timestamp: string;
  readonly version: number;
  readonly eventId: string;
  readonly tenantId: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The same for every attempt and replay of one event to one webhook: who has had it does nothing. */
  readonly deliveryId: string;
}

/** Why a request is not taken for the engine’s. */
export type WebhookRefusal =
  | 'webhook.headers_missing'
  | 'webhook.timestamp_invalid'
  | 'webhook.too_old'
  | 'webhook.too_new'
  | 'webhook.signature_mismatch'
  | 'webhook.secret_invalid'
  | 'webhook.body_invalid';

/** A request that is not the engine's, or not a fresh one: answer it 400 and do nothing. */
export class WebhookVerificationError extends LinuxBuilderError {
  readonly code: WebhookRefusal;
  readonly remedy: string;

  constructor(code: WebhookRefusal, reason: string, remedy: string) {
    super(`${code}: ${reason}`);
    this.name = 'WebhookVerificationError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** How a webhook is verified. */
export interface VerifyOptions {
  /** Seconds by which its clock and ours may differ, either way; 300 unless given. */
  readonly toleranceSeconds?: number;
  /** The time to judge by, for tests. */
  readonly now?: Date;
}

const prefix = 'whsec_';
const usualTolerance = 300;

/**
 * Verifies a request as Standard Webhooks says, and reads its event. It needs Web Crypto: Node 20, or a page that came
 * by https.
 * @param body the bytes or the text as they came, before anything parsed them
 * @param secrets texts of the webhook, `whsec_…`; several while one is exchanged for another
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent> {
  const keys = (typeof secrets === 'string' ? [secrets] : secrets).map(keyOf);
  const id = required(headers, 'webhook-id');
  const timestamp = required(headers, 'webhook-timestamp');
  const signatures = required(headers, 'webhook-signature');
  checkTime(timestamp, options);
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  if (!(await isSigned(signed, signatures, keys))) {
    throw new WebhookVerificationError(
      'webhook.signature_mismatch',
      'no signature is that of the body and a secret',
      'Give the body as it came, byte by byte, and the secret of this very webhook.',
    );
  }
  return { ...eventOf(bytes), deliveryId: id };
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  const bytes = fromBase64(text);
  if (bytes !== undefined && bytes.byteLength > 0) return bytes;
  throw new WebhookVerificationError(
    'webhook.secret_invalid',
    'a secret is no text of `whsec_` and base64',
    'Give it as the call that made the webhook answered it.',
  );
}

function required(headers: WebhookHeaders, name: string): string {
  const value = typeof headers.get === 'function' ? headers.get(name) : entryOf(headers as HeaderRecord, name);
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join(' ') : '';
  if (text !== '') return text;
  throw new WebhookVerificationError(
    'webhook.headers_missing',
    `there is no header ${name}`,
    'Pass the headers of the request on; a proxy before you may take them away.',
  );
}

type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>;

function entryOf(headers: HeaderRecord, name: string): string | readonly string[] | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function checkTime(timestamp: string, { toleranceSeconds = usualTolerance, now = new Date() }: VerifyOptions): void {
  if (!/^\d{1,15}$/.test(timestamp)) {
    throw new WebhookVerificationError(
      'webhook.timestamp_invalid',
      'webhook-timestamp has not the seconds since 1970',
      'Answer 400: no engine sends this.',
    );
  }
  const age = Math.floor(now.getTime() / 1_000) - Number(timestamp);
  if (Math.abs(age) <= toleranceSeconds) return;
  const sent = age > 0 ? `${age} seconds ago` : `in ${-age} seconds from now`;
  throw new WebhookVerificationError(
    age > 0 ? 'webhook.too_old' : 'webhook.too_new',
    `it was sent ${sent}, with ${toleranceSeconds} allowed`,
    'Somebody sends again what they saw, or a clock is wrong.',
  );
}

/** Whether one of the signatures is made with one of the keys. Web Crypto compares in constant time. */
async function isSigned(
  signed: Uint8Array<ArrayBuffer>,
  signatures: string,
  keys: readonly Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  const given = signatures
    .split(' ')
    .filter((entry) => entry.startsWith('v1,'))
    .map((entry) => fromBase64(entry.slice('v1,'.length)));
  for (const key of keys) {
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const imported = await crypto.subtle.importKey('raw', key, hmac, false, ['verify']);
    for (const signature of given) {
      if (signature !== undefined && (await crypto.subtle.verify('HMAC', imported, signature, signed))) return true;
    }
  }
  return false;
}

function eventOf(bytes: Uint8Array): Omit<WebhookEvent, 'deliveryId'> {
  try {
    const event: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isEvent(event)) return event;
  } catch {
    // Told below, as what is no event is.
  }
  throw new WebhookVerificationError(
    'webhook.body_invalid',
    'the body is signed, and is no event',
    'Another service signs with the same secret: give each one of its own.',
  );
}

function isEvent(value: unknown): value is Omit<WebhookEvent, 'deliveryId'> {
  if (typeof value !== 'object' || value === null) return false;
  const { type, timestamp, version, eventId, tenantId, data } = value as Partial<WebhookEvent>;
  return (
    [type, timestamp, eventId, tenantId].every((text) => typeof text === 'string') &&
    typeof version === 'number' &&
    typeof data === 'object' &&
    data !== null
  );
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.byteLength + second.byteLength);
  whole.set(first);
  whole.set(second, first.byteLength);
  return whole;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
