import type { SigningKey } from '../ports/signer.ts';
import { type Anchor, anchorBytes } from './anchor.ts';
import { type ChainFlaw, type ChainHead, checkLinks, emptyChain, type StoredLink } from './chain.ts';

/** The public half of the key that signs anchors, and a way to check with it. */
export interface AnchorKey extends Pick<SigningKey, 'keyId'> {
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** What a check of a whole log found. */
export interface AuditReport {
  readonly head: ChainHead;
  /** The first flaw, from the log's begin. */
  readonly flaw?: ChainFlaw;
  /** Anchors that fit to the chain. */
  readonly anchors: number;
  /** Of the last of them; entries behind it are held by the chain alone. */
  readonly anchoredSequence: number;
}

/**
 * Checks a tenant's whole log: that each entry is what was sealed, in that order, and that the chain is the one whose heads
 * were signed: who can write the table could make another chain, and who cannot sign cannot anchor it.
 * @param links from number 1
 * @param head as the table says: a chain that was cut off at its end is shorter than that
 * @param anchors of the same tenant, in any order
 */
export function checkAudit(
  links: readonly StoredLink[],
  head: ChainHead,
  anchors: readonly Anchor[],
  key: AnchorKey,
): AuditReport {
  const checked = checkLinks(links);
  const none = { head, anchors: 0, anchoredSequence: 0 };
  if ('flaw' in checked) return { ...none, flaw: checked.flaw };
  const end = checked.head;
  if (end.sequence < head.sequence) {
    return {
      ...none,
      flaw: { sequence: end.sequence + 1, reason: `it is missing: the chain had ${head.sequence} entries` },
    };
  }
  let anchoredSequence = 0;
  for (const anchor of [...anchors].sort((a, b) => a.sequence - b.sequence)) {
    const reason = flawOf(anchor, links, key);
    if (reason !== undefined) {
      const entryId = links[anchor.sequence - 1]?.entry.entryId;
      return { ...none, flaw: { sequence: anchor.sequence, ...(entryId === undefined ? {} : { entryId }), reason } };
    }
    anchoredSequence = anchor.sequence;
  }
  return { head: end, anchors: anchors.length, anchoredSequence };
}

/** What does not fit between an anchor and the chain; undefined where all does. */
function flawOf(anchor: Anchor, links: readonly StoredLink[], key: AnchorKey): string | undefined {
  if (anchor.keyId !== key.keyId) return 'its anchor was signed by another key';
  if (!key.verify(anchorBytes(anchor), Buffer.from(anchor.signature, 'base64')))
    return 'its anchor’s signature is not valid';
  const hash = anchor.sequence === 0 ? emptyChain.hash : links[anchor.sequence - 1]?.hash;
  if (hash === undefined) return `it is missing: it was anchored on ${anchor.at}`;
  return hash === anchor.hash ? undefined : `it is not the one that was anchored on ${anchor.at}`;
}
