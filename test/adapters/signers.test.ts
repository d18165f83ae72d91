import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createKmsSigner } from '../../adapters/kms/kms-signer.ts';
import { createKeySigner } from '../../adapters/signing/key-signer.ts';
import { sha256 } from '../../core/digest.ts';
import { utf8 } from '../../core/json.ts';
import type { Signer } from '../../core/ports/signer.ts';
import { openSigningKey } from '../../local/secrets.ts';
import { clientOptions, failure, type ServiceAnswer, type ServiceCall, startJsonService } from './json-service.ts';

const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const der = publicKey.export({ type: 'spki', format: 'der' });

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-signer-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** KMS as its wire shows it, with a key of this test behind it. */
function answerOf({ operation, input }: ServiceCall): ServiceAnswer {
  if (operation === 'GetPublicKey') return { body: { KeyId: keyArn, PublicKey: der.toString('base64') } };
  // node:crypto has no way to sign a digest: what is signed here is known.
  const digest = Buffer.from(String(input.Message), 'base64').toString('hex');
  if (digest !== sha256('a statement')) return failure('ValidationException');
  return { body: { KeyId: keyArn, Signature: sign('sha256', utf8('a statement'), privateKey).toString('base64') } };
}

async function kms(answer: (call: ServiceCall) => ServiceAnswer) {
  const service = await startJsonService(answer);
  onTestFinished(() => service.close());
  return { service, signer: createKmsSigner({ client: new KMSClient(clientOptions(service)), keyArn }) };
}

describe.each<[string, () => Promise<Signer>]>([
  ['a key in a file', async () => createKeySigner(openSigningKey(newFolder()))],
  ['KMS', async () => (await kms(answerOf)).signer],
])('%s', (_name, open) => {
  it('signs so that its public key verifies, under the id of that key', async () => {
    const signer = await open();
    const key = await signer.key();
    const known = createPublicKey(key.publicKey);
    expect(key.keyId).toBe(sha256(known.export({ type: 'spki', format: 'der' })));
    const signature = await signer.sign(utf8('a statement'));
    expect(verify('sha256', utf8('a statement'), known, signature)).toBe(true);
    expect(verify('sha256', utf8('another'), known, signature)).toBe(false);
  });
});

describe('KMS', () => {
  it('is asked for its public key again after a minute, and what it answers then is told', async () => {
    let disabled = false;
    const { signer } = await kms((call) => (disabled ? failure('DisabledException') : answerOf(call)));
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    await signer.key();
    disabled = true;
    vi.advanceTimersByTime(59_000);
    await signer.key();
    vi.advanceTimersByTime(2_000);
    await expect(signer.key()).rejects.toMatchObject({ code: 'service.unavailable' });
  });

  it('is asked for its public key once, and signs the digest', async () => {
    const { service, signer } = await kms(answerOf);
    await Promise.all([signer.key(), signer.key()]);
    await signer.sign(utf8('a statement'));
    expect(service.calls.map(({ operation }) => operation)).toEqual(['GetPublicKey', 'Sign']);
    expect(service.calls[1]?.input).toEqual({
      KeyId: keyArn,
      Message: Buffer.from(sha256('a statement'), 'hex').toString('base64'),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
  });

  it('that does not answer is a failure that may be tried again, and is', async () => {
    let away = true;
    const { signer } = await kms((call) => (away ? failure('ThrottlingException') : answerOf(call)));
    const refused = { code: 'service.unavailable', detail: expect.not.stringContaining('1111') };
    await expect(signer.key()).rejects.toMatchObject(refused);
    await expect(signer.sign(utf8('a statement'))).rejects.toMatchObject(refused);
    away = false;
    expect((await signer.key()).keyId).toBe(sha256(der));
  });

  it('with a key of another kind is refused', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey.export({
      type: 'spki',
      format: 'der',
    });
    const { signer } = await kms(() => ({ body: { KeyId: keyArn, PublicKey: other.toString('base64') } }));
    await expect(signer.key()).rejects.toMatchObject({ code: 'service.unavailable' });
  });
});

describe('the key of one machine', () => {
  it('is made once, for its owner only', async () => {
    const folder = newFolder();
    const first = openSigningKey(folder);
    expect(openSigningKey(folder)).toBe(first);
    const file = join(folder, 'signing-key.pem');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(openSigningKey(newFolder())).not.toBe(first);
  });

  it('is on P-256, or is refused', () => {
    const { privateKey: other } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    expect(() => createKeySigner(other)).toThrow('P-256');
  });
});
