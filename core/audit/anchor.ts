import { z } from 'zod';
import { canonicalJson } from '../digest.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signer } from '../ports/signer.ts';
import { type ChainHead, chainHeadSchema } from './chain.ts';
import { anchorPlace, anchorsOfMonth } from './places.ts';

/** A head of a tenant's chain as it was at a time, signed by the installation's key, and kept outside the table. */
export const anchorSchema = z.strictObject({
  format: z.literal('lbuild-audit-anchor/1'),
  tenantId: z.string(),
  ...chainHeadSchema.shape,
  at: z.iso.datetime(),
  /** Of the key, as GET /v1/signing-key tells it. */
  keyId: z.string(),
  /** ECDSA on P-256 with SHA-256, in DER, base64: over the canonical JSON of the other members. */
  signature: z.base64(),
});
export type Anchor = z.infer<typeof anchorSchema>;

/** The bytes that an anchor's signature is over. */
export function anchorBytes({ signature: _, ...signed }: Anchor): Uint8Array {
  return new TextEncoder().encode(canonicalJson(signed));
}

/** Signs a head and writes it down outside the table, in place of an earlier one of the same hour. */
export async function writeAnchor(
  { blobs, signer, clock }: { readonly blobs: Blobs; readonly signer: Signer; readonly clock: Clock },
  tenantId: string,
  head: ChainHead,
): Promise<void> {
  const at = clock.now();
  const { keyId } = await signer.key();
  const unsigned = { format: 'lbuild-audit-anchor/1', tenantId, ...head, at: at.toISOString(), keyId } as const;
  const signature = Buffer.from(await signer.sign(anchorBytes({ ...unsigned, signature: '' }))).toString('base64');
  const text = JSON.stringify({ ...unsigned, signature } satisfies Anchor);
  await blobs.put(anchorPlace(tenantId, at), new TextEncoder().encode(text), { contentType: 'application/json' });
}

/**
 * The anchors of a tenant's chain of one month, the oldest first: at most one an hour.
 * @param month `2026-11`
 */
export async function readAnchors(blobs: Blobs, tenantId: string, month: string): Promise<readonly Anchor[]> {
  const { paths } = await blobs.list('work', anchorsOfMonth(tenantId, month));
  const texts = await Promise.all([...paths].sort().map((path) => blobs.get({ bucket: 'work', path })));
  return texts.flatMap((bytes) =>
    bytes === undefined ? [] : [anchorSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))],
  );
}
