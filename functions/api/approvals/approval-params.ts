import { z } from 'zod';
import { commentSchema } from '../../../core/approvals/request.ts';

/** An id of any form that a path can hold: one that names nothing gets the answer of a missing request. */
export const approvalParamsSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as apr_01J…')
    .describe('Id of the request for approval.'),
});

/** What was looked at: a decision about anything else is refused. */
export const specDigestField = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('The digest of the spec that was looked at, as the request names it.');

export const commentField = commentSchema.describe('One line of plain text, for the author and the audit log.');

/** Codes that every decision may be answered with. */
export const decisionErrors = [
  'approval.not_found',
  'approval.decided',
  'approval.expired',
  'approval.digest_mismatch',
  'approval.self',
  'approval.not_eligible',
] as const;
