import { createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AnchorKey, type AuditReport, checkAudit } from '../core/audit/check.ts';
import { type AuditExport, checkExports, type ExportReport, readExport } from '../core/audit/export-file.ts';
import { sha256 } from '../core/digest.ts';
import type { LinuxBuilderClient } from '../sdk/client.ts';
import type { AuditAnchor, AuditEntry, AuditTail } from '../sdk/generated/types.gen.ts';
import { CliFailure } from './failure.ts';
import { readTrustedKey } from './found-evidence.ts';

/** Reads a tenant's whole log, its tail and its anchors, and checks them. */
export async function checkWholeAudit(
  engine: LinuxBuilderClient,
  options: { readonly keyFile: string | undefined; readonly now: Date },
): Promise<{ readonly report: AuditReport; readonly tail: AuditTail; readonly entries: number }> {
  const { tenantId } = await engine.tenants.readOwn();
  // In this order: what is sealed meanwhile makes the log longer than tail and anchors say, never shorter.
  const tail = await engine.audit.readTail();
  const anchors: AuditAnchor[] = [];
  for await (const anchor of engine.audit.listAnchors()) anchors.push(anchor);
  const links: AuditEntry[] = [];
  for await (const entry of engine.audit.list({ order: 'oldest' })) links.push(entry);
  const key = options.keyFile === undefined ? await ownKey(engine) : await readTrustedKey(options.keyFile);
  const report = checkAudit({ tenantId, head: tail, anchors, links }, key, options.now);
  return { report, tail, entries: links.length };
}

/** The engine's own word for its key: who made the log anew could tell another. With a file of it nobody can. */
async function ownKey(engine: LinuxBuilderClient): Promise<AnchorKey> {
  const key = createPublicKey((await engine.service.readSigningKey()).publicKey);
  return {
    keyId: sha256(key.export({ type: 'spki', format: 'der' })),
    verify: (bytes, signature) => verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature),
  };
}

/** Checks files of the daily export. @throws CliFailure where one cannot be read, or no key is given */
export async function checkExportFiles(
  files: readonly string[],
  keyFile: string | undefined,
  now: Date,
): Promise<ExportReport> {
  if (keyFile === undefined) {
    throw new CliFailure('usage', {
      code: 'cli.key_missing',
      detail: 'Exported files are checked without an engine, by a key that you trust.',
      remedy: 'Give it with --key: the file that `lbuild signing-key` wrote.',
    });
  }
  const key = await readTrustedKey(keyFile);
  return checkExports(await Promise.all(files.map(readExportFile)), key, now);
}

async function readExportFile(file: string): Promise<AuditExport> {
  const remedy = 'Give files of the bucket of audit logs as they are.';
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const detail = `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new CliFailure('usage', { code: 'cli.export_unreadable', detail, remedy }, error);
  });
  const read = readExport(text);
  if (read === undefined) {
    const detail = `${file} is no exported audit log.`;
    throw new CliFailure('usage', { code: 'cli.export_unreadable', detail, remedy });
  }
  return read;
}
