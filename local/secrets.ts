import { randomBytes } from 'node:crypto';
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
  writeFileSync(`${file}.part`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.part`, file);
  return secrets;
}
