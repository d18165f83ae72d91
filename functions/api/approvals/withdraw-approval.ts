import { z } from 'zod';
import { withdraw } from '../../../core/approvals/decide.ts';
import { approvalViewSchema } from '../../../core/approvals/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { approvalParamsSchema } from './approval-params.ts';
import { viewAfter } from './view-after.ts';

/** Only before the decision: what has passed its gate is not called back. */
export const withdrawApproval = defineOperation({
  id: 'withdrawApproval',
  method: 'POST',
  path: '/v1/approvals/{id}:withdraw',
  summary: 'Take back one’s approval of what is not decided yet',
  access: { kind: 'permission', permission: 'approvals:decide', inTeam: true },
  params: approvalParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: approvalViewSchema,
  status: 200,
  errors: ['approval.not_found', 'approval.decided', 'approval.expired', 'approval.none_given'],
  async handle(ports, { params, context }) {
    const principal = principalOf(context);
    await withdraw(ports, principal, params.id);
    return { body: await viewAfter(ports, principal, params.id) };
  },
});
