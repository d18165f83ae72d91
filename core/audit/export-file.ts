import { z } from 'zod';
import { tryJson } from '../json.ts';
import { type Anchor, anchorBytes, anchorSchema } from './anchor.ts';
import {
  type ChainFlaw,
  type ChainHead,
  chainHeadSchema,
  checkLinks,
  emptyChain,
  type StoredLink,
  storedLinkSchema,
} from './chain.ts';
import { type AnchorKey, entryFlaw } from './check.ts';

/** The first line of an exported file: where it begins, and the signed head at which it ends. */
const headerSchema = z.strictObject({
  format: z.literal('lbuild-audit-export/1'),
  /** The head before the first entry: that of the file before. */
  from: chainHeadSchema,
  anchor: anchorSchema,
});

/** A stretch of a tenant's chain, from one head to a signed one. */
export interface AuditExport {
  readonly from: ChainHead;
  readonly anchor: Anchor;
  readonly links: readonly StoredLink[];
}

/** JSON lines: a header, and the entries with the links that chain them, as `lbuild audit export` prints them. */
export function exportFile({ from, anchor, links }: AuditExport): Uint8Array {
  const header = { format: 'lbuild-audit-export/1', from, anchor } satisfies z.input<typeof headerSchema>;
  return new TextEncoder().encode([header, ...links].map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** Reads a file that was exported; undefined where it is none. An entry that is no link is one that no hash fits. */
export function readExport(text: string): AuditExport | undefined {
  const lines = text.split('\n').filter((line) => line !== '');
  const header = headerSchema.safeParse(tryJson(lines[0] ?? ''));
  if (!header.success) return undefined;
  const { from, anchor } = header.data;
  const links = lines.slice(1).map((line, position): StoredLink => {
    const read = storedLinkSchema.safeParse(tryJson(line));
    return read.success ? read.data : { sequence: from.sequence + position + 1, previousHash: '', hash: '', entry: {} };
  });
  return { from, anchor, links };
}

const digits = 12;
const numbered = (sequence: number): string => String(sequence).padStart(digits, '0');

/** Where a tenant's files lie in the archive, in the order of their entries. */
export const exportsOf = (tenantId: string): string => `${tenantId}/`;

/** `<tenant>/<number of the last entry>.<hour of its anchor>.<hash>.ndjson`: the name alone says where the next begins. */
export function exportName({ tenantId, sequence, hash, at }: Anchor): string {
  return `${exportsOf(tenantId)}${numbered(sequence)}.${hourOf(at)}.${hash}.ndjson`;
}

/** The hour of an anchor, as its own name has it. */
export const hourOf = (at: string): string => at.slice(0, 13);

const namePattern = /\/(\d{12})\.(\d{4}-\d{2}-\d{2}T\d{2})\.([0-9a-f]{64})\.ndjson$/;

/** Up to where a tenant's log is exported: the head, and the hour in which it was signed. */
export interface Exported {
  readonly head: ChainHead;
  /** Absent: nothing was exported yet. */
  readonly hour?: string;
}

/** What a file's name says; undefined where it is none of these names. */
export function exportedBy(name: string): Exported | undefined {
  const [, sequence, hour, hash] = namePattern.exec(name) ?? [];
  if (sequence === undefined || hour === undefined || hash === undefined) return undefined;
  return { head: { sequence: Number(sequence), hash }, hour };
}

/** What a check of exported files found. */
export interface ExportReport {
  readonly flaw?: ChainFlaw;
  readonly tenantId: string;
  /** The first entry's number; entries before it are in no file that was given. */
  readonly first: number;
  /** The last entry's, and when its head was signed. */
  readonly last: number;
  readonly signedAt: string;
}

/**
 * Checks files against each other and the key, with nothing else at hand: each must be whole from its first entry to the
 * head that was signed, and go on from the one before.
 * @throws Error where there is none
 */
export function checkExports(files: readonly AuditExport[], key: AnchorKey, now: Date): ExportReport {
  const sorted = [...files].sort((a, b) => a.anchor.sequence - b.anchor.sequence);
  const [begin] = sorted;
  const end = sorted.at(-1);
  if (begin === undefined || end === undefined) throw new Error('no file was given');
  const { tenantId } = begin.anchor;
  const report = { tenantId, first: begin.from.sequence + 1, last: end.anchor.sequence, signedAt: end.anchor.at };
  let at = begin.from;
  if (at.sequence === 0 && at.hash !== emptyChain.hash) {
    return { ...report, flaw: { sequence: 1, reason: 'what is before the first entry is not the empty chain' } };
  }
  for (const file of sorted) {
    const flaw = fileFlaw(file, at, tenantId, key, now);
    if (flaw !== undefined) return { ...report, flaw };
    at = { sequence: file.anchor.sequence, hash: file.anchor.hash };
  }
  return report;
}

function fileFlaw(
  { from, anchor, links }: AuditExport,
  at: ChainHead,
  tenantId: string,
  key: AnchorKey,
  now: Date,
): ChainFlaw | undefined {
  const { sequence } = anchor;
  if (anchor.tenantId !== tenantId) return { sequence, reason: 'its signed head is of another tenant' };
  if (anchor.keyId !== key.keyId) return { sequence, reason: 'its signed head is of another key' };
  const signature = Buffer.from(anchor.signature, 'base64');
  // Base64 may have bits behind its end that say nothing: a file is either what was written or it is not.
  const exact = signature.toString('base64') === anchor.signature;
  if (!exact || !key.verify(anchorBytes(anchor), signature)) {
    return { sequence, reason: 'the signature of its head is not valid' };
  }
  if (from.sequence > at.sequence) {
    return { sequence: at.sequence + 1, reason: `no file has it: the next begins with number ${from.sequence + 1}` };
  }
  const chained = checkLinks(links, from);
  if ('flaw' in chained) return chained.flaw;
  const { head } = chained;
  if (head.sequence !== sequence || head.hash !== anchor.hash) {
    return {
      sequence: head.sequence,
      reason: `the file does not end with the head that was signed, number ${sequence}`,
    };
  }
  // Two exports at once may both begin at one head: then the longer file has the end of the shorter one inside.
  const joint = from.sequence === at.sequence ? from.hash : links[at.sequence - from.sequence - 1]?.hash;
  if (joint !== at.hash) return { sequence: at.sequence + 1, reason: 'its file does not go on from the one before' };
  return entryFlaw(tenantId, links, now);
}
