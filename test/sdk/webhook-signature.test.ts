import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { secretText, signedHeaders } from '../../core/webhooks/signature.ts';
import { verifyWebhook, type WebhookHeaders } from '../../sdk/webhook-signature.ts';

const now = new Date('2026-11-27T06:00:00.000Z');
const secretOf = (byte: number) => secretText(Buffer.alloc(32, byte).toString('base64url'));
const [secret, other] = [secretOf(7), secretOf(8)];
const event = {
  ...{ type: 'build.succeeded', timestamp: now.toISOString(), version: 1, eventId: 'evt_1', tenantId: 'ten_1' },
  data: { buildId: 'bld_1', name: 'ä' },
};
const body = JSON.stringify(event);
const signed = (at = now, secrets = [secret]) => signedHeaders({ id: 'whd_1', at, body }, secrets);
const codeOf = (verified: Promise<unknown>) =>
  verified.then(
    () => 'verified',
    (error: unknown) => (error as { code: string }).code,
  );

describe('a request', () => {
  it('of the engine is verified, and gives its event', async () => {
    expect(await verifyWebhook(body, signed(), secret, { now })).toEqual({ ...event, deliveryId: 'whd_1' });
    expect(await verifyWebhook(new TextEncoder().encode(body), signed(), secret, { now })).toMatchObject(event);
  });

  it('is verified as the official library signs and verifies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.json(),
        fc.stringMatching(/^[A-Za-z0-9_]{1,40}$/),
        async (bytes, data, id) => {
          const text = `whsec_${Buffer.from(bytes).toString('base64')}`;
          const content = JSON.stringify({ ...event, data: { data } });
          const official = new Webhook(text);
          const headers = {
            ...{ 'webhook-id': id, 'webhook-timestamp': String(now.getTime() / 1_000) },
            'webhook-signature': official.sign(id, now, content),
          };
          expect(await verifyWebhook(content, headers, text, { now })).toMatchObject({ deliveryId: id });
        },
      ),
      { numRuns: 50 },
    );
    const fresh = signed(new Date());
    expect(new Webhook(secret).verify(body, fresh)).toEqual(event);
    expect(await verifyWebhook(body, fresh, secret)).toMatchObject(event);
  });

  it('may have its headers as fetch, Node or a framework has them', async () => {
    const headers = signed();
    const kinds: WebhookHeaders[] = [
      new Headers(headers),
      new Map(Object.entries(headers)),
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]])),
    ];
    for (const kind of kinds) expect(await verifyWebhook(body, kind, secret, { now })).toMatchObject(event);
  });

  it('is verified while secrets are exchanged, on either side', async () => {
    const both = signed(now, [other, secret]);
    expect(await codeOf(verifyWebhook(body, both, secret, { now }))).toBe('verified');
    expect(await codeOf(verifyWebhook(body, both, other, { now }))).toBe('verified');
    expect(await codeOf(verifyWebhook(body, signed(), [other, secret], { now }))).toBe('verified');
    expect(await codeOf(verifyWebhook(body, signed(), [other], { now }))).toBe('webhook.signature_mismatch');
  });

  it('that was changed in any byte is not verified', async () => {
    const bytes = new TextEncoder().encode(body);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const changed = bytes.map((byte, at) => (at === place ? byte ^ change : byte));
        expect(await codeOf(verifyWebhook(changed, signed(), secret, { now }))).toBe('webhook.signature_mismatch');
      }),
    );
    const headers = { ...signed(), 'webhook-id': 'whd_2' };
    expect(await codeOf(verifyWebhook(body, headers, secret, { now }))).toBe('webhook.signature_mismatch');
  });

  it('is verified within the tolerance, and neither before nor after', async () => {
    const at = (seconds: number) => signed(new Date(now.getTime() + seconds * 1_000));
    for (const seconds of [-300, 0, 300]) {
      expect(await codeOf(verifyWebhook(body, at(seconds), secret, { now }))).toBe('verified');
    }
    expect(await codeOf(verifyWebhook(body, at(-301), secret, { now }))).toBe('webhook.too_old');
    expect(await codeOf(verifyWebhook(body, at(301), secret, { now }))).toBe('webhook.too_new');
    const options = { now, toleranceSeconds: 600 };
    expect(await codeOf(verifyWebhook(body, at(-599), secret, options))).toBe('verified');
    // The signature covers the time: an old one is not made young.
    const renewed = { ...at(-900), 'webhook-timestamp': String(now.getTime() / 1_000) };
    expect(await codeOf(verifyWebhook(body, renewed, secret, { now }))).toBe('webhook.signature_mismatch');
  });

  it.each<[string, Record<string, string>, string, string]>([
    ['webhook.headers_missing', { 'webhook-signature': '' }, body, secret],
    ['webhook.headers_missing', { 'webhook-id': '' }, body, secret],
    ['webhook.timestamp_invalid', { 'webhook-timestamp': '1e9' }, body, secret],
    ['webhook.timestamp_invalid', { 'webhook-timestamp': 'NaN' }, body, secret],
    ['webhook.signature_mismatch', { 'webhook-signature': 'v1,' }, body, secret],
    ['webhook.signature_mismatch', { 'webhook-signature': 'v1,%%% v1a,abc' }, body, secret],
    ['webhook.secret_invalid', {}, body, 'secret'],
    ['webhook.secret_invalid', {}, body, 'whsec_'],
    ['webhook.secret_invalid', {}, body, 'whsec_ä'],
  ])('is refused with %s where it has %o', async (code, headers, content, text) => {
    expect(await codeOf(verifyWebhook(content, { ...signed(), ...headers }, text, { now }))).toBe(code);
  });

  it('that is signed and is no event is refused', async () => {
    for (const content of ['', '[]', '{"type":"build.failed"}', 'null', '\u{feff}']) {
      const headers = signedHeaders({ id: 'whd_1', at: now, body: content }, [secret]);
      expect(await codeOf(verifyWebhook(content, headers, secret, { now }))).toBe('webhook.body_invalid');
    }
  });

  it('is never verified without a secret', async () => {
    expect(await codeOf(verifyWebhook(body, signed(), [], { now }))).toBe('webhook.signature_mismatch');
  });
});
