import { createPublicKey, verify } from 'node:crypto';
import { type AnchorKey, type AuditReport, checkAudit } from '../core/audit/check.ts';
import { sha256 } from '../core/digest.ts';
import type { EngineClient } from '../sdk/client.ts';
import type { AuditAnchor, AuditEntry, AuditTail } from '../sdk/generated/types.gen.ts';
import { readTrustedKey } from './found-evidence.ts';

/** Reads a tenant's whole log, its tail and its anchors, and checks them. */
export async function checkWholeAudit(
  engine: EngineClient,
  options: { readonly keyFile: string | undefined; readonly now: Date },
): Promise<{ readonly report: AuditReport; readonly tail: AuditTail; readonly entries: number }> {
  const { tenantId } = await engine.readTenant();
  // In this order: what is sealed meanwhile makes the log longer than tail and anchors say, never shorter.
  const tail = await engine.readAuditTail();
  const anchors: AuditAnchor[] = [];
  for await (const anchor of engine.readAuditAnchors()) anchors.push(anchor);
  const links: AuditEntry[] = [];
  for await (const entry of engine.readAudit({ order: 'oldest' })) links.push(entry);
  const key = options.keyFile === undefined ? await ownKey(engine) : await readTrustedKey(options.keyFile);
  const report = checkAudit({ tenantId, head: tail, anchors, links }, key, options.now);
  return { report, tail, entries: links.length };
}

/** The engine's own word for its key: who made the log anew could tell another. With a file of it nobody can. */
async function ownKey(engine: EngineClient): Promise<AnchorKey> {
  const key = createPublicKey((await engine.readSigningKey()).publicKey);
  return {
    keyId: sha256(key.export({ type: 'spki', format: 'der' })),
    verify: (bytes, signature) => verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature),
  };
}
