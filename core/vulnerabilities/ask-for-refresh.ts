import { type Actor, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Ports } from '../ports/ports.ts';
import { installationOwner } from '../retention/places.ts';

/** Has the mirror read soon, by an event. @throws EngineError vulnerabilities.not_configured */
export async function askForRefresh(
  ports: Pick<Ports, 'table' | 'clock' | 'ids' | 'vulnerabilityMirror'>,
  actor: Actor,
): Promise<void> {
  if (ports.vulnerabilityMirror === undefined) {
    throw new EngineError('vulnerabilities.not_configured', 'No source of vulnerability data is configured.');
  }
  await ports.table.transact([
    outboxWrite(ports, 'vulnerabilities.refresh_requested', installationOwner, { memberId: actor.memberId }),
    auditWrite(ports, actor, { action: 'vulnerabilities.refresh_requested', target: 'installation' }),
  ]);
}
