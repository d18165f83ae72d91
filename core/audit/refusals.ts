import { createSeldom } from '../access/seldom.ts';
import type { ErrorCode } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table } from '../ports/table.ts';
import { type Actor, auditWrite } from './entry.ts';

/** What is refused because of who asks. A key that is not live names nobody: its refusal is in no tenant's log. */
const ofRights: ReadonlySet<ErrorCode> = new Set([
  ...(['access.forbidden', 'access.not_held', 'access.address_refused'] as const),
  ...(['approval.self', 'approval.not_eligible'] as const),
]);

/** Milliseconds in which a process writes the same refusal of the same key once: a loop must not fill the log. */
const quiet = 60_000;

/** Writes down refusals that say something of who asked. */
export interface RefusalRecorder {
  refused(
    actor: Actor,
    refusal: { readonly operation: string; readonly code: ErrorCode; readonly detail: string },
  ): Promise<void>;
}

export function createRefusalRecorder(ports: {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}): RefusalRecorder {
  const seldom = createSeldom(quiet);
  return {
    async refused(actor, { operation, code, detail }) {
      if (!ofRights.has(code)) return;
      const now = ports.clock.now();
      const same = `${actor.keyId} ${operation} ${code}`;
      if (!seldom.isDue(same, now)) return;
      const fact = { action: 'access.refused', target: operation, detail: { code, detail } } as const;
      await ports.table.transact([auditWrite(ports, actor, fact)]);
      seldom.done(same, now);
    },
  };
}
