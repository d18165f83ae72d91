import { z } from 'zod';
import { canonicalJson } from '../digest.ts';
import { tryJson } from '../json.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Signer } from '../ports/signer.ts';
import { type ChainHead, chainHeadSchema, emptyChain } from './chain.ts';
import { anchorPlace, anchorsOf } from './places.ts';

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

/** The signed head that stands for the present hour; undefined where none does. */
export async function anchorOfHour(blobs: Blobs, tenantId: string, at: Date): Promise<Anchor | undefined> {
  const bytes = await blobs.get(anchorPlace(tenantId, at));
  return bytes === undefined ? undefined : anchorOf(bytes);
}

/** Signs a head and writes it down outside the table, in place of an earlier one of the same hour. */
export async function writeAnchor(
  { blobs, signer }: { readonly blobs: Blobs; readonly signer: Signer },
  tenantId: string,
  head: ChainHead,
  at: Date,
): Promise<void> {
  const { keyId } = await signer.key();
  const unsigned = { format: 'lbuild-audit-anchor/1', tenantId, ...head, at: at.toISOString(), keyId } as const;
  const signature = Buffer.from(await signer.sign(anchorBytes({ ...unsigned, signature: '' }))).toString('base64');
  const text = JSON.stringify({ ...unsigned, signature } satisfies Anchor);
  await blobs.put(anchorPlace(tenantId, at), new TextEncoder().encode(text), { contentType: 'application/json' });
}

/** An anchor as it is stored. What is none is shown as one that no check passes: somebody has written there. */
function anchorOf(bytes: Uint8Array): Anchor {
  const read = anchorSchema.safeParse(tryJson(new TextDecoder().decode(bytes)));
  if (read.success) return read.data;
  const damaged = { tenantId: '', ...emptyChain, at: new Date(0).toISOString(), keyId: '', signature: '' };
  return { format: 'lbuild-audit-anchor/1', ...damaged };
}

/**
 * The anchors of a tenant's chain, the oldest first: at most one an hour.
 * @param page.cursor the hour of the last one of the page before
 */
export async function readAnchors(
  blobs: Blobs,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly anchors: readonly Anchor[]; readonly cursor?: string }> {
  const prefix = anchorsOf(tenantId);
  const paths: string[] = [];
  let more: string | undefined;
  do {
    const found = await blobs.list('work', prefix, more);
    paths.push(...found.paths);
    more = found.cursor;
  } while (more !== undefined);
  const after = prefix + (page.cursor ?? '');
  const left = paths.filter((path) => path > after).sort();
  const shown = left.slice(0, page.limit);
  const bodies = await Promise.all(shown.map((path) => blobs.get({ bucket: 'work', path })));
  const last = shown.at(-1);
  return {
    anchors: bodies.flatMap((bytes) => (bytes === undefined ? [] : [anchorOf(bytes)])),
    ...(last === undefined || left.length === shown.length ? {} : { cursor: last.slice(prefix.length) }),
  };
}
