import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { EngineError } from '../../core/errors.ts';
import { utf8 } from '../../core/json.ts';
import type { SealedFor, Vault } from '../../core/ports/vault.ts';

/** AES-256-GCM with the nonce and tag of NIST SP 800-38D: 96 bits at random, and the whole tag. */
const algorithm = 'aes-256-gcm';
const sizes = { key: 32, nonce: 12, tag: 16 } as const;

/** What is authenticated beside the text. A list in JSON: no two owners have the same. */
const ownerBytes = ({ tenantId, name, version }: SealedFor) => utf8(JSON.stringify([tenantId, name, version]));

/**
 * Seals with a key in memory: what one machine has instead of a key service. A sealed text is nonce, tag and ciphertext.
 * @param key 32 bytes
 * @throws Error where it has another length
 */
export function createKeyVault(key: Uint8Array): Vault {
  if (key.byteLength !== sizes.key) throw new Error(`the key of the vault has not ${sizes.key} bytes`);
  return {
    async seal(owner, text) {
      const nonce = randomBytes(sizes.nonce);
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: sizes.tag }).setAAD(ownerBytes(owner));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    async open(owner, sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      const nonce = bytes.subarray(0, sizes.nonce);
      const tag = bytes.subarray(sizes.nonce, sizes.nonce + sizes.tag);
      try {
        const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: sizes.tag });
        decipher.setAAD(ownerBytes(owner)).setAuthTag(tag);
        const text = [decipher.update(bytes.subarray(sizes.nonce + sizes.tag)), decipher.final()];
        return Buffer.concat(text).toString('utf8');
      } catch (error) {
        throw new EngineError('secret.damaged', `The stored value of ${owner.name} cannot be opened.`, {
          cause: error,
        });
      }
    },
  };
}
