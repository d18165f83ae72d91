import type { TableWrite } from '../ports/table.ts';
import { dayAt } from './days.ts';
import { approvalUsagePlace } from './places.ts';
import { usageWrites } from './usage-record.ts';

/** The writes that record a decision on a request for approval, for the transaction of the decision. */
export function decisionUsageWrites(
  request: {
    readonly id: string;
    readonly tenantId: string;
    readonly buildId: string;
    readonly teamId?: string | undefined;
    /** Version of the ballot before it. */
    readonly ballot: number;
  },
  now: Date,
): TableWrite[] {
  const { tenantId, teamId, buildId, ballot } = request;
  const [day, at] = [dayAt(now), now.toISOString()];
  return usageWrites(approvalUsagePlace(tenantId, day, { requestId: request.id, ballot }), {
    ...{ tenantId, ...(teamId === undefined ? {} : { teamId }), payer: 'tenant', day, buildId },
    ...{ quantities: { approvals: 1 }, recordedAt: at },
  });
}
