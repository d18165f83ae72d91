import { z } from 'zod';
import { digestOf, type JsonObject, type Sha256 } from '../digest.ts';
import { jsonObjectSchema } from '../json.ts';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A link of a tenant's chain as it is made: an entry, its number, and a hash over both and the link before. */
export interface Link {
  readonly sequence: number;
  readonly previousHash: Sha256;
  readonly hash: Sha256;
  readonly entry: JsonObject;
}

/** An entry as it is stored now, which may be another than was written. */
export const storedEntrySchema = z.looseObject({
  entryId: z.string().exactOptional(),
  tenantId: z.string().exactOptional(),
  at: z.string().exactOptional(),
  action: z.string().exactOptional().describe('Such as member.added.'),
  actor: z
    .looseObject({
      memberId: z.string().exactOptional(),
      keyId: z.string().exactOptional(),
      requestId: z.string().exactOptional(),
      sourceAddress: z.string().exactOptional(),
    })
    .exactOptional()
    .describe('Who, by which key, in which request; absent: the engine, or who runs it.'),
  target: z.string().exactOptional().describe('What was changed; of a refusal the operation.'),
  detail: jsonObjectSchema.exactOptional().describe('What is new.'),
});

/**
 * A link as it is stored now, which may be another than was sealed: it is shown as it stands, or nobody could tell which
 * one is not right.
 */
export const storedLinkSchema = z.strictObject({
  sequence: z.number().int().describe('Its place in the log, from 1.'),
  previousHash: z.string().describe('The hash of the entry before; of the first, zeros.'),
  hash: z.string().describe('SHA-256 of the canonical JSON (RFC 8785) of sequence, previousHash and entry.'),
  entry: storedEntrySchema,
});
export type StoredLink = z.infer<typeof storedLinkSchema>;

/** Number and hash of the last link. */
export const chainHeadSchema = z.strictObject({ sequence: z.number().int().min(0), hash: hashSchema });
export type ChainHead = z.infer<typeof chainHeadSchema>;

/** Before the first link. */
export const emptyChain: ChainHead = { sequence: 0, hash: '0'.repeat(64) };

/** Hash of a link: SHA-256 of the canonical JSON of its number, the hash before it and its entry. */
function hashOf(sequence: number, previousHash: Sha256, entry: object): Sha256 {
  return digestOf({ sequence, previousHash, entry });
}

/** The link that an entry makes after a head. */
export function linkAfter(head: ChainHead, entry: JsonObject): Link {
  const sequence = head.sequence + 1;
  return { sequence, previousHash: head.hash, hash: hashOf(sequence, head.hash, entry), entry };
}

export const headOf = ({ sequence, hash }: Link): ChainHead => ({ sequence, hash });

/** What is wrong with a chain, at which link. */
export interface ChainFlaw {
  readonly sequence: number;
  /** Of the link that is flawed, where there is one. */
  readonly entryId?: string;
  readonly reason: string;
}

/**
 * Checks links one after another: each must hash to what it says, and go on from the one before.
 * @param head of what was checked before; absent: from the first link
 * @returns the head after them, or the first flaw
 */
export function checkLinks(
  links: readonly StoredLink[],
  head: ChainHead = emptyChain,
): { readonly head: ChainHead } | { readonly flaw: ChainFlaw } {
  let at = head;
  for (const { sequence, previousHash, hash, entry } of links) {
    const named = entry.entryId === undefined ? {} : { entryId: entry.entryId };
    if (sequence !== at.sequence + 1) {
      return {
        flaw: { sequence: at.sequence + 1, reason: `it is missing: number ${sequence} follows ${at.sequence}` },
      };
    }
    if (hash !== hashOf(sequence, previousHash, entry)) {
      return { flaw: { sequence, ...named, reason: 'it is not what was sealed: its hash is another' } };
    }
    if (previousHash !== at.hash) {
      return { flaw: { sequence, ...named, reason: 'it was not sealed after the entry that stands before it' } };
    }
    at = { sequence, hash };
  }
  return { head: at };
}
