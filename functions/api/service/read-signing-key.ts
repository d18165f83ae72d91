import { z } from 'zod';
import { defineOperation } from '../../shared/operation.ts';

/** Answers the public half of the key that signs evidence. It is no secret: who checks an image needs no account here. */
export const readSigningKey = defineOperation({
  id: 'readSigningKey',
  method: 'GET',
  path: '/v1/signing-key',
  summary: 'The public key that evidence is signed with',
  access: { kind: 'public' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      keyId: z.string().describe('SHA-256 of the public key (SubjectPublicKeyInfo in DER), as envelopes name it.'),
      algorithm: z.literal('ecdsa-p256-sha256'),
      publicKey: z.string().describe('SubjectPublicKeyInfo in PEM.'),
    })
    .meta({ id: 'SigningKey' }),
  status: 200,
  errors: [],
  async handle(ports) {
    const { keyId, publicKey } = await ports.signer.key();
    return { body: { keyId, algorithm: 'ecdsa-p256-sha256' as const, publicKey } };
  },
});
