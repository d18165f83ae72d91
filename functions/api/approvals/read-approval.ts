import { z } from 'zod';
import { openCase } from '../../../core/approvals/case.ts';
import { approvalDetailSchema } from '../../../core/approvals/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { detailOf } from './approval-detail.ts';
import { approvalParamsSchema } from './approval-params.ts';

export const readApproval = defineOperation({
  id: 'readApproval',
  method: 'GET',
  path: '/v1/approvals/{id}',
  summary: 'A request for approval: the spec, who has approved it, and what is lacking',
  access: { kind: 'permission', permission: 'approvals:read', inTeam: true },
  params: approvalParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: approvalDetailSchema,
  status: 200,
  errors: ['approval.not_found'],
  async handle(ports, { params, context }) {
    const viewer = principalOf(context);
    const open = await openCase(ports, reachOf(context), params.id, [viewer.memberId]);
    return { body: await detailOf(ports.table, open, viewer) };
  },
});
