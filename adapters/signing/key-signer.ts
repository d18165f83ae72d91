import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { Signer } from '../../core/ports/signer.ts';
import { signingKeyOf } from './public-key.ts';

/**
 * Signs with a private key in memory: what one machine has instead of a key service.
 * @param privateKey PKCS #8 in PEM, on P-256
 * @throws Error where it is none
 */
export function createKeySigner(privateKey: string): Signer {
  const key = createPrivateKey(privateKey);
  const known = signingKeyOf(createPublicKey(key));
  return {
    key: async () => known,
    sign: async (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'der' }),
  };
}
