import { exportAudit } from '../../../core/audit/exporter.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/**
 * Copies the audit logs to where nobody changes them.
 * @throws EngineError configuration.invalid where no such place is known; AggregateError of single tenants
 */
export async function handle(
  { table, blobs, auditArchive }: Pick<Ports, 'table' | 'blobs' | 'auditArchive'>,
  _input: unknown,
): Promise<JsonValue> {
  if (auditArchive === undefined) {
    throw new EngineError('configuration.invalid', 'The engine knows no archive for audit logs.');
  }
  return { exported: await exportAudit({ table, blobs, archive: auditArchive }) };
}
