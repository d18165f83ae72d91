import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const secretsSchema = z.strictObject({
  s3AccessKeyId: z.string().min(16),
  s3SecretAccessKey: z.string().min(32),
  cursorSecret: z.string().min(43),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** The engine's own secrets, made once for a folder and readable by its owner only. They never leave this machine. */
export function openSecrets(directory: string): Secrets {
  const file = join(directory, 'secrets.json');
  if (existsSync(file)) return secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const secrets: Secrets = {
    s3AccessKeyId: `LBUILD${randomBytes(10).toString('hex').toUpperCase()}`,
    s3SecretAccessKey: randomBytes(32).toString('base64url'),
    cursorSecret: randomBytes(32).toString('base64url'),
  };
  writeOnce(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}

/**
 * The private key that signs the evidence of this engine's builds, as PKCS #8 in PEM: made once for a folder, and
 * readable by its owner only. Whoever trusts its public half trusts what this folder's engine says of its builds.
 */
export function openSigningKey(directory: string): string {
  const file = join(directory, 'signing-key.pem');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeOnce(file, privateKey);
  return privateKey;
}

/**
 * The key that seals the secrets of tenants in this folder's table: 32 bytes at random, made once for a folder, and
 * readable by its owner only. Without it they cannot be opened.
 * @throws Error where the file holds no such key
 */
export function openVaultKey(directory: string): Uint8Array {
  const file = join(directory, 'vault-key');
  if (!existsSync(file)) writeOnce(file, `${randomBytes(32).toString('base64')}\n`);
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
}

/** A file that is there whole or not at all, and that nobody else may read. */
function writeOnce(file: string, text: string): void {
  writeFileSync(`${file}.part`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.part`, file);
}
