import { z } from 'zod';
import { approve } from '../../../core/approvals/decide.ts';
import { approvalViewSchema } from '../../../core/approvals/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { approvalParamsSchema, commentField, decisionErrors, specDigestField } from './approval-params.ts';
import { viewAfter } from './view-after.ts';

/** Approving again takes the place of what one said before, and is valid anew. */
export const approveBuild = defineOperation({
  id: 'approveBuild',
  method: 'POST',
  path: '/v1/approvals/{id}:approve',
  summary: 'Approve a build; the last approval that is needed lets it go on',
  access: { kind: 'permission', permission: 'approvals:decide', inTeam: true },
  params: approvalParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({ specDigest: specDigestField, comment: commentField.exactOptional() }),
  response: approvalViewSchema,
  status: 200,
  errors: [...decisionErrors, 'approval.too_many'],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    await approve(ports, principal, params.id, body);
    return { body: await viewAfter(ports, principal, params.id) };
  },
});
