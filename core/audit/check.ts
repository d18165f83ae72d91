import type { SigningKey } from '../ports/signer.ts';
import { type Anchor, anchorBytes } from './anchor.ts';
import { type ChainFlaw, type ChainHead, checkLinks, emptyChain, type StoredLink } from './chain.ts';

/** The public half of the key that signs anchors, and a way to check with it. */
export interface AnchorKey extends Pick<SigningKey, 'keyId'> {
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** A tenant's whole log: the tail read first, then the anchors, then the links from number 1. */
export interface WholeLog {
  readonly tenantId: string;
  readonly head: ChainHead;
  readonly anchors: readonly Anchor[];
  readonly links: readonly StoredLink[];
}

/** What a check of a whole log found. */
export interface AuditReport {
  /** The first flaw that was found. */
  readonly flaw?: ChainFlaw;
  /** Anchors that fit to the chain. */
  readonly anchors: number;
  /** Of the last of them; entries behind it are held by the chain alone. */
  readonly anchoredSequence: number;
}

/** Milliseconds after which an entry has been sealed and its head signed, unless something keeps that from being done. */
const anchoredWithin = 2 * 3_600_000;
/** Milliseconds by which the clocks of those who write and check may differ. */
const clockSkew = 5 * 60_000;

/**
 * Checks that each entry is what was sealed, in that order and of this tenant, and that the chain is the one whose heads
 * were signed: who can write the table can make another chain, whole in itself, and cannot sign it. Nothing that the
 * entries say of themselves decides what is looked at.
 */
export function checkAudit({ tenantId, head, anchors, links }: WholeLog, key: AnchorKey, now: Date): AuditReport {
  const chained = checkLinks(links);
  const ends = 'flaw' in chained ? chained.flaw : (entryFlaw(tenantId, links, now) ?? headFlaw(head, links));
  if (ends !== undefined) return { flaw: ends, anchors: 0, anchoredSequence: 0 };
  let anchoredSequence = 0;
  let fitting = 0;
  for (const anchor of [...anchors].sort((a, b) => a.sequence - b.sequence)) {
    const reason = anchorFlaw(tenantId, anchor, links, key);
    if (reason !== undefined)
      return { flaw: flawAt(links, anchor.sequence, reason), anchors: fitting, anchoredSequence };
    fitting += 1;
    anchoredSequence = anchor.sequence;
  }
  const behind = links[anchoredSequence];
  const old = now.getTime() - anchoredWithin;
  if (behind !== undefined && Date.parse(behind.entry.at ?? '') < old) {
    const reason = 'no head that covers it was signed, hours after it was written';
    return { flaw: flawAt(links, behind.sequence, reason), anchors: fitting, anchoredSequence };
  }
  return { anchors: fitting, anchoredSequence };
}

function flawAt(links: readonly StoredLink[], sequence: number, reason: string): ChainFlaw {
  const entryId = links[sequence - 1]?.entry.entryId;
  return { sequence, ...(entryId === undefined ? {} : { entryId }), reason };
}

/** The first entry that is of another tenant or of a time to come; links are those of the numbers from 1, or some in a row. */
export function entryFlaw(tenantId: string, links: readonly StoredLink[], now: Date): ChainFlaw | undefined {
  for (const { sequence, entry } of links) {
    const named = entry.entryId === undefined ? {} : { entryId: entry.entryId };
    if (entry.tenantId !== tenantId) return { sequence, ...named, reason: 'it is not of this tenant' };
    if (!(Date.parse(entry.at ?? '') <= now.getTime() + clockSkew)) {
      return { sequence, ...named, reason: 'its time is to come' };
    }
  }
  return undefined;
}

/** The chain may have grown since its head was read, and is never shorter. */
function headFlaw(head: ChainHead, links: readonly StoredLink[]): ChainFlaw | undefined {
  if (head.sequence > links.length) {
    return flawAt(links, links.length + 1, `it is missing: the chain had ${head.sequence} entries`);
  }
  const hash = head.sequence === 0 ? emptyChain.hash : links[head.sequence - 1]?.hash;
  return hash === head.hash ? undefined : flawAt(links, head.sequence, 'it is not the one that is noted as the last');
}

/** What does not fit between an anchor and the chain; undefined where all does. */
function anchorFlaw(
  tenantId: string,
  anchor: Anchor,
  links: readonly StoredLink[],
  key: AnchorKey,
): string | undefined {
  if (anchor.keyId !== key.keyId) return 'its signed head is of another key';
  if (!key.verify(anchorBytes(anchor), Buffer.from(anchor.signature, 'base64')))
    return 'the signature of its head is not valid';
  if (anchor.tenantId !== tenantId) return 'its signed head is of another tenant';
  const hash = links[anchor.sequence - 1]?.hash;
  if (hash === undefined) return `it is missing: its head was signed at ${anchor.at}`;
  return hash === anchor.hash ? undefined : `it is not the one whose head was signed at ${anchor.at}`;
}
