import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { envelopeFile, preAuthenticationEncoding, readEnvelope } from '../../../core/evidence/envelope.ts';
import { readJson, utf8 } from '../../../core/json.ts';
import { sampleEvidence } from './sample-evidence.ts';

const sample = sampleEvidence();
const envelope = sample.files.find(({ kind }) => kind === 'signature')?.bytes ?? new Uint8Array();
const statement = sample.files.find(({ kind }) => kind === 'provenance')?.bytes ?? new Uint8Array();
const looseEnvelope = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
});

/** What DSSE signs, written once more from its text: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
function signedBytes(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(['DSSEv1', type.length, type, body.length, ''].join(' ')), body]);
}

describe('an envelope', () => {
  it('signs type and payload with their lengths', () => {
    expect(Buffer.from(preAuthenticationEncoding(utf8('hello world'))).toString()).toBe(
      'DSSEv1 28 application/vnd.in-toto+json 11 hello world',
    );
    // A length is of bytes.
    expect(Buffer.from(preAuthenticationEncoding(utf8('ü'))).toString()).toContain(' 2 ü');
  });

  it('holds the statement, and a signature that others verify', () => {
    const { payloadType, payload, signatures } = looseEnvelope.parse(readJson(envelope));
    const body = Buffer.from(payload, 'base64');
    expect(body.equals(statement)).toBe(true);
    const [signature] = signatures;
    const bytes = signedBytes(payloadType, body);
    const raw = Buffer.from(signature?.sig ?? '', 'base64');
    expect(verify('sha256', bytes, createPublicKey(sample.publicKey), raw)).toBe(true);
    expect(signature?.keyid).toBe(sample.key.keyId);
  });

  it('is verified by openssl, and by it refused with another byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lbuild-envelope-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { payloadType, payload, signatures } = looseEnvelope.parse(readJson(envelope));
    const bytes = signedBytes(payloadType, Buffer.from(payload, 'base64'));
    writeFileSync(join(folder, 'key.pem'), sample.publicKey);
    writeFileSync(join(folder, 'signature'), Buffer.from(signatures[0]?.sig ?? '', 'base64'));
    writeFileSync(join(folder, 'bytes'), bytes);
    const argv = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'signature', 'bytes'];
    expect(execFileSync('openssl', argv, { cwd: folder, encoding: 'utf8' })).toContain('Verified OK');
    bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
    writeFileSync(join(folder, 'bytes'), bytes);
    expect(spawnSync('openssl', argv, { cwd: folder }).status).toBe(1);
    // The key's id is what openssl computes of the key.
    const der = execFileSync('openssl', ['pkey', '-pubin', '-in', 'key.pem', '-outform', 'DER'], { cwd: folder });
    const digest = execFileSync('sha256sum', { input: der, encoding: 'utf8' });
    expect(digest.slice(0, 64)).toBe(sample.key.keyId);
  });

  it.each([
    ['white space', (text: string) => text.replace('{', '{ ')],
    ['another order', (text: string) => JSON.stringify({ signatures: [], ...JSON.parse(text) })],
    ['no end of line', (text: string) => text.trimEnd()],
    ['another type', (text: string) => text.replace('in-toto', 'in-tot0')],
    ['two signatures', (text: string) => text.replace(/\[(\{.*\})\]/, '[$1,$1]')],
    ['no JSON', () => '{'],
  ])('is only what the engine writes: not with %s', (_name, change) => {
    const text = Buffer.from(envelope).toString('utf8');
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(() => readEnvelope(readJson(utf8(changed)), utf8(changed))).toThrow();
  });

  it('is not what says the same in other letters of base64', () => {
    const small = envelopeFile({ payload: utf8('abcd'), keyId: 'e'.repeat(64), signature: utf8('efgh') }).bytes;
    const text = Buffer.from(small).toString('utf8');
    expect(readEnvelope(readJson(small), small).keyId).toBe('e'.repeat(64));
    for (const [letters, same] of [
      ['YWJjZA==', 'YWJjZB=='],
      ['ZWZnaA==', 'ZWZnaP=='],
    ] as const) {
      expect(Buffer.from(same, 'base64')).toEqual(Buffer.from(letters, 'base64'));
      expect(text).toContain(letters);
      const changed = utf8(text.replace(letters, same));
      expect(() => readEnvelope(readJson(changed), changed)).toThrow();
    }
  });
});
