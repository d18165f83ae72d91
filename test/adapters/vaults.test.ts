import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKmsVault } from '../../adapters/kms/kms-vault.ts';
import { createKeyVault } from '../../adapters/vault/key-vault.ts';
import { canonicalJson } from '../../core/digest.ts';
import { toJson } from '../../core/json.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { openVaultKey } from '../../local/secrets.ts';
import { clientOptions, failure, type ServiceAnswer, type ServiceCall, startJsonService } from './json-service.ts';

const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/2';
const owner = { tenantId: 'ten_1', name: 'site', version: 3 };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-vault-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** KMS as its wire shows it: it opens what it has sealed in the same context, and says of all else that it is invalid. */
function answers(): (call: ServiceCall) => ServiceAnswer {
  const sealed = new Map<string, { readonly text: unknown; readonly context: string }>();
  return ({ operation, input }) => {
    const context = canonicalJson(toJson([input.KeyId, input.EncryptionContext]));
    if (operation === 'Encrypt') {
      const blob = Buffer.from(`sealed ${sealed.size}`).toString('base64');
      sealed.set(blob, { text: input.Plaintext, context });
      return { body: { KeyId: keyArn, CiphertextBlob: blob } };
    }
    const known = sealed.get(String(input.CiphertextBlob));
    if (known?.context !== context) return failure('InvalidCiphertextException');
    return { body: { KeyId: keyArn, Plaintext: known.text } };
  };
}

async function kms(answer: (call: ServiceCall) => ServiceAnswer) {
  const service = await startJsonService(answer);
  onTestFinished(() => service.close());
  return { service, vault: createKmsVault({ client: new KMSClient(clientOptions(service)), keyArn }) };
}

/** A sealed text with one bit of it changed. */
function altered(sealed: string, at: number): string {
  const bytes = Buffer.from(sealed, 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString('base64');
}

describe.each<[string, () => Promise<Vault>]>([
  ['a key in a file', async () => createKeyVault(openVaultKey(newFolder()))],
  ['KMS', async () => (await kms(answers())).vault],
])('%s', (_name, open) => {
  it('opens what it has sealed, and seals the same text otherwise each time', async () => {
    const vault = await open();
    for (const text of ['x', 'pässwörd: "$(id)" 🔑', 'é'.repeat(2_048)]) {
      const [one, other] = [await vault.seal(owner, text), await vault.seal(owner, text)];
      expect(one).not.toBe(other);
      expect([await vault.open(owner, one), await vault.open(owner, other)]).toEqual([text, text]);
      if (text.length > 1) expect(Buffer.from(one, 'base64').includes(text)).toBe(false);
    }
  });

  it('opens nothing in the place of another tenant, name or version', async () => {
    const vault = await open();
    const sealed = await vault.seal(owner, 'secret');
    for (const other of [{ tenantId: 'ten_2' }, { name: 'other' }, { version: 4 }]) {
      const failed = await vault.open({ ...owner, ...other }, sealed).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'secret.damaged', detail: expect.not.stringContaining('ten_') });
    }
  });

  it('opens nothing that was altered', async () => {
    const vault = await open();
    const sealed = await vault.seal(owner, 'secret');
    const damaged = { code: 'secret.damaged' };
    await expect(vault.open(owner, altered(sealed, 0))).rejects.toMatchObject(damaged);
    await expect(vault.open(owner, altered(sealed, Buffer.from(sealed, 'base64').length - 1))).rejects.toMatchObject(
      damaged,
    );
    await expect(vault.open(owner, '')).rejects.toMatchObject(damaged);
  });
});

describe('KMS', () => {
  it('gets the owner as the context of each call', async () => {
    const { service, vault } = await kms(answers());
    await vault.open(owner, await vault.seal(owner, 'secret'));
    const context = { tenant: 'ten_1', secret: 'site', version: '3' };
    expect(service.calls.map(({ operation, input }) => [operation, input.KeyId, input.EncryptionContext])).toEqual([
      ['Encrypt', keyArn, context],
      ['Decrypt', keyArn, context],
    ]);
  });

  it('that does not answer is a failure that may be tried again, and names neither account nor text', async () => {
    const { vault } = await kms(() => failure('ThrottlingException'));
    for (const call of [vault.seal(owner, 'hush'), vault.open(owner, 'aHVzaA==')]) {
      const failed = await call.catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'service.unavailable', detail: expect.not.stringMatching(/1111|hush/) });
    }
  });
});

describe('the key of one machine', () => {
  it('is made once, for its owner only', () => {
    const folder = newFolder();
    const first = openVaultKey(folder);
    expect(first).toHaveLength(32);
    expect(openVaultKey(folder)).toEqual(first);
    expect(openVaultKey(newFolder())).not.toEqual(first);
    const file = join(folder, 'vault-key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(file, 'utf8'), 'base64')).toEqual(first);
  });

  it('has 32 bytes, or is refused', () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'vault-key'), 'c2hvcnQ=\n');
    expect(() => createKeyVault(openVaultKey(folder))).toThrow('has not 32 bytes');
  });
});
