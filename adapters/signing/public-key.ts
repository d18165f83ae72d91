import type { KeyObject } from 'node:crypto';
import { sha256 } from '../../core/digest.ts';
import type { SigningKey } from '../../core/ports/signer.ts';

/** A public key as the engine tells it. @throws Error where it is none on P-256: nothing else is signed with */
export function signingKeyOf(key: KeyObject): SigningKey {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('the signing key is no ECDSA key on P-256');
  }
  const publicKey = key.export({ type: 'spki', format: 'pem' });
  return { keyId: sha256(key.export({ type: 'spki', format: 'der' })), publicKey: publicKey.toString() };
}
