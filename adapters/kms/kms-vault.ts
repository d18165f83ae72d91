import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { EngineError } from '../../core/errors.ts';
import { utf8 } from '../../core/json.ts';
import type { SealedFor, Vault } from '../../core/ports/vault.ts';
import { isNamed, serviceFailure } from '../aws/service-failure.ts';

/** KMS authenticates it with the ciphertext, and notes it in CloudTrail: it holds no secret. */
const contextOf = ({ tenantId, name, version }: SealedFor): Record<string, string> => ({
  tenant: tenantId,
  secret: name,
  version: String(version),
});

/**
 * Seals by a symmetric key of KMS, which leaves it never: a value has at most the 4,096 bytes that KMS encrypts in one
 * request, so that no data key is needed. KMS turns the key's material over by itself and opens with the old too.
 */
export function createKmsVault({ client, keyArn }: { readonly client: KMSClient; readonly keyArn: string }): Vault {
  return {
    async seal(owner, text) {
      try {
        const command = new EncryptCommand({
          KeyId: keyArn,
          Plaintext: utf8(text),
          EncryptionContext: contextOf(owner),
        });
        const { CiphertextBlob: sealed } = await client.send(command);
        if (sealed === undefined) throw new Error('the answer holds no ciphertext');
        return Buffer.from(sealed).toString('base64');
      } catch (error) {
        throw serviceFailure('KMS', error);
      }
    },
    async open(owner, sealed) {
      try {
        const command = new DecryptCommand({
          KeyId: keyArn,
          CiphertextBlob: Buffer.from(sealed, 'base64'),
          EncryptionContext: contextOf(owner),
        });
        const { Plaintext: text } = await client.send(command);
        if (text === undefined) throw new Error('the answer holds no text');
        return Buffer.from(text).toString('utf8');
      } catch (error) {
        if (!isNamed(error, 'InvalidCiphertextException', 'IncorrectKeyException')) throw serviceFailure('KMS', error);
        throw new EngineError('secret.damaged', `The stored value of ${owner.name} cannot be opened.`, {
          cause: error,
        });
      }
    },
  };
}
