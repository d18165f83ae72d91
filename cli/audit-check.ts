import { createPublicKey, verify } from 'node:crypto';
import type { Anchor } from '../core/audit/anchor.ts';
import { type AuditReport, checkAudit } from '../core/audit/check.ts';
import { sha256 } from '../core/digest.ts';
import type { EngineClient } from '../sdk/client.ts';
import type { AuditEntry, AuditTail } from '../sdk/generated/types.gen.ts';
import { readTrustedKey } from './found-evidence.ts';

/** Reads a tenant's whole log, its tail and its anchors, and checks them. */
export async function checkWholeAudit(
  engine: EngineClient,
  options: { readonly keyFile: string | undefined; readonly now: Date },
): Promise<{ readonly report: AuditReport; readonly tail: AuditTail; readonly entries: number }> {
  // Before the entries: what is sealed meanwhile makes the log longer than it says, never shorter.
  const tail = await engine.readAuditTail();
  const entries: AuditEntry[] = [];
  for await (const entry of engine.readAudit({ order: 'oldest' })) entries.push(entry);
  const anchors: Anchor[] = [];
  for (const month of monthsBetween(entries[0]?.entry.at, options.now)) {
    anchors.push(...(await engine.listAuditAnchors(month)));
  }
  const key = options.keyFile === undefined ? await ownKey(engine) : await readTrustedKey(options.keyFile);
  return { report: checkAudit(entries, tail, anchors, key), tail, entries: entries.length };
}

/** The engine's own word for its key: who made the log anew could tell another. With a file of it nobody can. */
async function ownKey(engine: EngineClient) {
  const key = createPublicKey((await engine.readSigningKey()).publicKey);
  return {
    keyId: sha256(key.export({ type: 'spki', format: 'der' })),
    verify: (bytes: Uint8Array, signature: Uint8Array) =>
      verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature),
  };
}

/** `2026-11`, `2026-12`, …: from the month of a time to that of another; the last alone where there is no first. */
export function monthsBetween(from: string | undefined, to: Date): readonly string[] {
  const last = to.toISOString().slice(0, 7);
  const first = /^20\d\d-\d\d/.exec(from ?? '')?.[0] ?? last;
  const months: string[] = [];
  for (let month = first; month <= last; month = nextMonth(month)) months.push(month);
  return months;
}

function nextMonth(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}
