import type { Principal } from '../../../core/access/principal.ts';
import type { Case } from '../../../core/approvals/case.ts';
import { type ApprovalDetail, approvalView } from '../../../core/approvals/views.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { redactedSpec } from '../../../core/evidence/redaction.ts';
import type { Table } from '../../../core/ports/table.ts';

/** A request with the spec that is judged. */
export async function detailOf(table: Table, open: Case, viewer: Principal): Promise<ApprovalDetail> {
  return { ...approvalView(open, viewer), spec: redactedSpec(await storedSpec(table, open.request.buildId)) };
}
