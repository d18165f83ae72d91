import { z } from 'zod';
import { reject } from '../../../core/approvals/decide.ts';
import { approvalViewSchema } from '../../../core/approvals/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { approvalParamsSchema, commentField, decisionErrors, specDigestField } from './approval-params.ts';
import { viewAfter } from './view-after.ts';

/** One approver is enough, and it is for good. */
export const rejectBuild = defineOperation({
  id: 'rejectBuild',
  method: 'POST',
  path: '/v1/approvals/{id}:reject',
  summary: 'Reject a build for good, with the reason',
  access: { kind: 'permission', permission: 'approvals:decide', inTeam: true },
  params: approvalParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({ specDigest: specDigestField, comment: commentField }),
  response: approvalViewSchema,
  status: 200,
  errors: [...decisionErrors],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    await reject(ports, principal, params.id, body);
    return { body: await viewAfter(ports, principal, params.id) };
  },
});
