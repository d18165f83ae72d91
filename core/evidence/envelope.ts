import { z } from 'zod';
import { canonicalJson } from '../digest.ts';
import { utf8 } from '../json.ts';
import { type EvidenceFile, evidenceFile } from './evidence-file.ts';

/** Media type of in-toto statements, as their envelopes name it. */
export const statementType = 'application/vnd.in-toto+json';

const base64 = z.base64().max(16 << 20);

/** A DSSE envelope (Dead Simple Signing Envelope 1.0) with one signature. */
export const envelopeSchema = z.strictObject({
  payloadType: z.literal(statementType),
  payload: base64,
  signatures: z.tuple([z.strictObject({ keyid: z.string().regex(/^[0-9a-f]{64}$/), sig: base64 })]),
});

/** What an envelope holds. */
export interface SignedPayload {
  readonly payload: Uint8Array;
  /** SHA-256 of the public key's SubjectPublicKeyInfo in DER. */
  readonly keyId: string;
  /** ECDSA P-256 with SHA-256, in DER, over `preAuthenticationEncoding(payload)`. */
  readonly signature: Uint8Array;
}

/** The bytes that DSSE signs for a payload: type and payload, each with its length before it, so that none is mistaken. */
export function preAuthenticationEncoding(payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${utf8(statementType).length} ${statementType} ${payload.length} `;
  return Buffer.concat([utf8(head), payload]);
}

/** The envelope as it is stored: one line of canonical JSON. */
export function envelopeFile(
  { payload, keyId, signature }: SignedPayload,
  kind: 'signature' | 'compliance-signature' = 'signature',
): EvidenceFile {
  const envelope: z.infer<typeof envelopeSchema> = {
    payloadType: statementType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: keyId, sig: Buffer.from(signature).toString('base64') }],
  };
  return evidenceFile(kind, utf8(`${canonicalJson(envelope)}\n`));
}

/**
 * Reads a stored envelope. Only the very bytes that `envelopeFile` writes are one: base64 and JSON can say the same in
 * several ways, and a byte that was changed without a change of meaning is a changed byte all the same.
 * @throws SyntaxError, TypeError or ZodError where it is no envelope; Error where it is written in another way
 */
export function readEnvelope(json: unknown, bytes: Uint8Array): SignedPayload {
  const { payload, signatures } = envelopeSchema.parse(json);
  const [{ keyid, sig }] = signatures;
  const read = { payload: Buffer.from(payload, 'base64'), keyId: keyid, signature: Buffer.from(sig, 'base64') };
  if (!Buffer.from(envelopeFile(read).bytes).equals(bytes)) throw new Error('it is not as the engine writes it');
  return read;
}
