import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { sha256 } from '../../core/digest.ts';
import type { Signer, SigningKey } from '../../core/ports/signer.ts';
import { serviceFailure } from '../aws/service-failure.ts';
import { signingKeyOf } from '../signing/public-key.ts';

/** Milliseconds for which the public half counts as read. */
const knownMilliseconds = 60_000;

/**
 * Signs with an asymmetric key of KMS (ECC_NIST_P256), which leaves it never. KMS gets the digest: its own bound is
 * 4 KiB, and a statement is longer. The public half is read when it is asked for, and again after a minute:
 * who asks whether all is well is told when the key was disabled, or the right to it taken away.
 */
export function createKmsSigner({ client, keyArn }: { readonly client: KMSClient; readonly keyArn: string }): Signer {
  let known: { readonly key: Promise<SigningKey>; readonly until: number } | undefined;
  const readKey = async (): Promise<SigningKey> => {
    try {
      const { PublicKey: der } = await client.send(new GetPublicKeyCommand({ KeyId: keyArn }));
      if (der === undefined) throw new Error('the answer holds no key');
      return signingKeyOf(createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }));
    } catch (error) {
      // The next call asks again.
      known = undefined;
      throw serviceFailure('KMS', error);
    }
  };
  return {
    key: () => {
      if (known === undefined || performance.now() >= known.until) {
        known = { key: readKey(), until: performance.now() + knownMilliseconds };
      }
      return known.key;
    },
    sign: async (bytes) => {
      try {
        const { Signature: signature } = await client.send(
          new SignCommand({
            KeyId: keyArn,
            Message: Buffer.from(sha256(bytes), 'hex'),
            MessageType: 'DIGEST',
            SigningAlgorithm: 'ECDSA_SHA_256',
          }),
        );
        if (signature === undefined) throw new Error('the answer holds no signature');
        return signature;
      } catch (error) {
        throw serviceFailure('KMS', error);
      }
    },
  };
}
