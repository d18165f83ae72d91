import type { Principal } from '../../../core/access/principal.ts';
import { wholeTenant } from '../../../core/access/reach.ts';
import { openCase } from '../../../core/approvals/case.ts';
import { approvalView } from '../../../core/approvals/views.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** The request as it stands after a decision, which was within the caller's reach. */
export async function viewAfter(ports: Pick<Ports, 'table' | 'clock'>, principal: Principal, requestId: string) {
  const open = await openCase(ports, wholeTenant(principal.tenantId), requestId, [principal.memberId]);
  return approvalView(open, principal);
}
